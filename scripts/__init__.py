"""What the Makefile runs besides the command line: set-up, Airflow in one process, Airflow as servers on loopback."""
