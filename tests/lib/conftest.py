"""What the tests of the library share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Find the real data that lies beside the repository, or skip."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("XINFU_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"real data not found: {folder}")
    return folder
