"""What is computed. Nothing here imports prefect or dvc; only `tracking` imports mlflow."""
