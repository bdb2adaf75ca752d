"""Settings of the tests: a folder of their own, SQLite in it (or PostgreSQL by COLLAGE_TEST_DATABASE)."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_VAR = Path(tempfile.mkdtemp(prefix="collage-tests-"))  # of this process alone: several may test at once
atexit.register(shutil.rmtree, _VAR, ignore_errors=True)
(_VAR / "static").mkdir()
os.environ.update(COLLAGE_VAR=str(_VAR), COLLAGE_SECRET_KEY="only-for-tests")  # noqa: S106  # of nothing

from collage_web.databases import database  # noqa: E402  # the environment comes first
from collage_web.settings import *  # noqa: E402, F403  # as above; settings are names

_ADDRESS = os.environ.get("COLLAGE_TEST_DATABASE", "")  # never DATABASE_URL: that is somebody's
DATABASES = {"default": database(_VAR, {"DATABASE_URL": _ADDRESS})}
DATABASES["default"]["TEST"] = {} if _ADDRESS else {"NAME": str(_VAR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
