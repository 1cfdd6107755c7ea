"""PATIENCE: by how much the limits in seconds, which the plain build keeps on a busy machine, are stretched for the
sanitizers' (BUILD=asan), several times slower."""
import os

PATIENCE = 6 if os.environ.get("BUILD") == "asan" else 1
