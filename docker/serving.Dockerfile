# syntax=docker/dockerfile:1
# TF Serving with a model, which the same version of TensorFlow checks during the build:
#   docker build -f docker/serving.Dockerfile -t ser_fop_serving .
#   docker run --rm -p 8501:8501 ser_fop_serving
# --build-arg MODEL=FOLDER uses another model folder of `ser-fop export`, inside the build context.
ARG SERVING=2.20.0
FROM python:3.12-slim AS model

ARG SERVING
RUN pip install --no-cache-dir "tensorflow-cpu==${SERVING}"
ARG MODEL=saved_models/emotion-common
COPY ${MODEL} /models/emotion
COPY docker/serving/check_model.py /check_model.py
RUN python /check_model.py /models/emotion

FROM tensorflow/serving:${SERVING}

COPY --from=model /models /models
COPY docker/serving/*.config /config/
RUN useradd --uid 10001 user
USER 10001
EXPOSE 8500 8501
COPY docker/serving/healthy.sh /healthy.sh
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "/healthy.sh", "emotion"]
ENTRYPOINT ["tensorflow_model_server", "--port=8500", "--rest_api_port=8501", \
            "--model_config_file=/config/models.config", "--monitoring_config_file=/config/monitoring.config", \
            "--enable_batching", "--batching_parameters_file=/config/batching.config"]
