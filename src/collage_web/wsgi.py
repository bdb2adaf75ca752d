"""What a server of WSGI runs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from collage_web import logs

__all__ = ["application"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collage_web.settings")
logs.set_up()
application = get_wsgi_application()
