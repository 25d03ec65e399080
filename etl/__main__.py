"""`python -m etl` is the command `cloud-discovery`."""

from etl.cli import main

if __name__ == "__main__":
    main()
