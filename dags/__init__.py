"""When things run. A file is one DAG and its name is the DAG's id; a task is one call into `etl.pipeline` or `reports`.

`defaults`, `arrivals` and `handover` are not DAGs; `.airflowignore` names them.
"""
