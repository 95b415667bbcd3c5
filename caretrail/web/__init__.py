"""The pages: what a browser is given to read, made from readings and nothing else."""
