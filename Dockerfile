# What all of Airflow's services run: the same Debian, Python and pins as the tests.
FROM python:3.11.14-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home discovery \
    && install -d -o discovery /data /airflow /compiled

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --no-deps -r requirements.txt
COPY . .
RUN pip install --no-cache-dir --no-deps -e .

USER discovery
ENV AIRFLOW_HOME=/airflow AIRFLOW__CORE__DAGS_FOLDER=/app/dags CLOUD_DISCOVERY_HOME=/data NUMBA_CACHE_DIR=/compiled
RUN python -m etl.intake.places
ENTRYPOINT ["airflow"]
