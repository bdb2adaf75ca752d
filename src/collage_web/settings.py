"""Settings: all of them from the environment, with defaults that are safe on one machine.

COLLAGE_VAR          folder of the database, the secret and uploads (default: ./collage-var)
COLLAGE_SECRET_KEY   default: the file secret_key in that folder, which `collage init` makes
DATABASE_URL         postgresql://user:password@host:port/name (default: SQLite in that folder)
COLLAGE_HOSTS        names under which the server is asked, with commas between them (default: this machine alone)
COLLAGE_PUBLIC_URL   how customers and clients reach it, such as https://collage.example
COLLAGE_MEMORY       of the job that works the company's figures out, before it goes to disk (default here: 1GB)
COLLAGE_SQLITE_SYNC  FULL (default: what was acknowledged survives a loss of power) or NORMAL (it may not)
COLLAGE_ADMIN_MFA    1 (default: administrators are led to set up a second factor) or 0 (for demonstrations and tests)
COLLAGE_METRICS_TOKEN  who sends it as Bearer may read /metrics (default: this machine alone may)
COLLAGE_HOOKS_PRIVATE  1: webhooks may lead to machines of one's own network, and by http (default: 0)
COLLAGE_PROXIES      how many proxies of yours stand before the server and write X-Forwarded-For (default: 0)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from collage_web.databases import database, secret_of

VAR = Path(os.environ.get("COLLAGE_VAR", "collage-var")).resolve()
PUBLIC_URL = os.environ.get("COLLAGE_PUBLIC_URL", "http://localhost:8000").rstrip("/")
_SECURE = PUBLIC_URL.startswith("https://")

SECRET_KEY = secret_of(VAR, os.environ)
DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("COLLAGE_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]
DATABASES: dict[str, dict[str, Any]] = {"default": database(VAR, os.environ)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "collage_web.records",
    "collage_web.design",
    "collage_web.desk",
    "collage_web.board",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "collage_web.design.unkept.Unkept",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "collage_web.design.clocks.Clocks",
    "collage_web.design.unavailable.Unavailable",
    "collage_web.design.second_factor.SecondFactor",
]
ROOT_URLCONF = "collage_web.urls"
WSGI_APPLICATION = "collage_web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# ---- who may come in

AUTH_USER_MODEL = "records.Colleague"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
ACCOUNT_ADAPTER = "collage_web.design.accounts.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # colleagues are made by an administrator, who knows their addresses
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {"login": "100/m/ip", "login_failed": "60/5m/ip,10/5m/key"}  # an office may have one address
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Collage"
MFA_TOTP_TOLERANCE = 1  # step of 30 seconds: clocks differ, and typing takes its time (RFC 6238, 5.2)
MFA_ALLOW_UNVERIFIED_EMAIL = True  # as above: an administrator knows the address
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = (
    not _SECURE
)  # browsers give keys to https and to this machine alone, whatever we say
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("COLLAGE_PROXIES", "0"))
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # both: else anybody could lock out anybody, or a whole office
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the time that the page promises holds
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"  # allauth's name of it
AXES_USERNAME_CALLABLE = "collage_web.design.accounts.address_of"
AXES_CLIENT_IP_CALLABLE = "collage_web.design.accounts.ip_of"
AXES_LOCKOUT_CALLABLE = "collage_web.design.login.locked"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "csrfmiddlewaretoken", "code", "credential"]
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False  # its lines have addresses in them
COLLAGE_FIGURES_MEMORY = os.environ.get("COLLAGE_MEMORY", "1GB")
COLLAGE_HOOKS_PRIVATE = os.environ.get("COLLAGE_HOOKS_PRIVATE", "0") == "1"
COLLAGE_MAY = "collage_web.records.gates.may"  # by its name: `design` stands below `records` and must not import it
COLLAGE_ZONE = "collage_web.records.gates.zone"  # as above
COLLAGE_SECOND_FACTOR_ROLES = frozenset({"admin"} if os.environ.get("COLLAGE_ADMIN_MFA", "1") != "0" else ())
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_NAME = "__Host-session" if _SECURE else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if _SECURE else "csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# ---- what a browser is told

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
X_FRAME_OPTIONS = "DENY"

# ---- words, times, files

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20  # of forms; what machines send has limits of its own
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING_CONFIG = None  # `collage_web.logs` sets it, when a server or a command starts
