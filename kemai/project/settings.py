"""Every setting of the server, read once from the environment; business settings are rows (platform.Setting)."""

from __future__ import annotations

import sys

import pysqlite3

# The SQLite that Debian 12 links (3.40) can corrupt a WAL database written by several processes (fixed in 3.51.3);
# the wheel carries a newer one, and it must be in place before anything imports sqlite3. See docs/adr/002.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

from pathlib import Path  # noqa: E402

from kemai.platform.monitor import logs  # noqa: E402
from kemai.project import environment as env  # noqa: E402

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.data_folder("KEMAI_DATA", env.default_data())
DEBUG = env.boolean("KEMAI_DEBUG", default=False)
SECRET_KEY = env.secret(DATA_DIR, "KEMAI_SECRET_KEY")
# what was signed or sealed by these is still taken; nothing new is
SECRET_KEY_FALLBACKS = env.text("KEMAI_SECRET_KEY_OLD").split()
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.names("KEMAI_HOSTS", LOCAL_HOSTS)
CSRF_TRUSTED_ORIGINS = env.names("KEMAI_ORIGINS", [])
BEHIND_HTTPS = env.boolean("KEMAI_HTTPS", default=False)
PORT = env.integer("PORT", 8000, low=1, high=65535)
# the live process (docs/adr/022): on its own port; behind a proxy on the same address, which passes /live/ on to it
LIVE = env.boolean("KEMAI_LIVE", default=True)
LIVE_PORT = env.integer("KEMAI_LIVE_PORT", min(PORT + 1, 65535), low=1, high=65535)
LIVE_URL = env.text("KEMAI_LIVE_URL", "/live/stream" if BEHIND_HTTPS else "")
# mail: smtp://user:password@host:587, smtps:// for TLS from the start; without it an administrator sets it on a page
EMAIL_BACKEND = "kemai.collab.services.mail_backend.Backend"
MAIL_URL = env.text("KEMAI_SMTP_URL", "")
MAIL_FROM = env.text("KEMAI_MAIL_FROM", "")
# private addresses that outgoing requests may reach (networks, addresses or names), e.g. of the sign-on provider
OUTGOING_ALLOW = env.places("KEMAI_OUTGOING_ALLOW")
# all hosts that outgoing requests may reach, public ones included; empty: those that administrators have set
OUTGOING_ONLY = env.names("KEMAI_OUTGOING_ONLY", [])
# where new passwords are looked up among stolen ones, and the virus scanner that uploads pass (docs/operations.md)
STOLEN_PASSWORDS = env.stolen_list("KEMAI_STOLEN_PASSWORDS")
CLAMD = env.daemon("KEMAI_CLAMD")
PUBLIC_URL = env.text("KEMAI_PUBLIC_URL", "").rstrip("/")

INSTALLED_APPS = [
    "kemai.platform",
    "kemai.staff",
    "kemai.collab",
    "kemai.analytics",
    "kemai.customers",
    "kemai.sales",
    "kemai.project",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_tasks",
]
MIDDLEWARE = [
    "kemai.platform.monitor.middleware.Watch",
    "kemai.platform.ui.plain.NoPlainPrograms",
    "django.middleware.security.SecurityMiddleware",
    "kemai.platform.ui.bounds.Bounds",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kemai.staff.middleware.LanguageMiddleware",
    "kemai.platform.ui.addresses.Addresses",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "kemai.staff.middleware.ActorMiddleware",
    "kemai.platform.ui.middleware.SecurityHeaders",
    "kemai.platform.ui.reading.CountReading",
    "kemai.platform.ui.middleware.Refusals",
]
ROOT_URLCONF = "kemai.project.urls"
WSGI_APPLICATION = "kemai.project.wsgi.application"

CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "kemai.platform.ui.shell.context",
]
# Jinja2 renders every page of ours (ten times cheaper per row); DjangoTemplates stays for allauth's mails.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [
            BASE_DIR / app / "templates"
            for app in ("platform/ui", "staff", "collab", "analytics", "customers", "sales", "project")
        ],
        "OPTIONS": {
            "environment": "kemai.platform.ui.templating.environment",
            "context_processors": CONTEXT_PROCESSORS,
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
    },
]

DATABASES = {"default": env.database("KEMAI_DATABASE_URL", DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # for what all processes count together: wrong log-ins (kemai.staff.apps hands it to allauth)
    "shared": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kemai_cache"},
}
TASKS = {"default": {"BACKEND": "kemai.platform.jobs.backend.LeasedTable"}}

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["kemai.staff.adapter.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "kemai.staff.passwords.NotGuessable"},
    {"NAME": "kemai.staff.passwords.NotStolen"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "kemai.staff.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
# wrong passwords and codes are counted by kemai.staff.services.throttle
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": False, "reset_password": "20/m/ip,5/m/key"}
ACCOUNT_LOGOUT_ON_GET = False
# rate limits count the visitor's address, which a proxy in front passes on
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_HTTPS else 0
ACCOUNT_SESSION_REMEMBER = True  # for how long is said on the page 登录与安全
MFA_ADAPTER = "kemai.staff.adapter.SecondStepAdapter"
MFA_FORMS = {
    "authenticate": "kemai.staff.forms.SecondStep",
    "reauthenticate": "kemai.staff.forms.SecondStepAgain",
}
MFA_SUPPORTED_TYPES = ["totp"]
MFA_TOTP_ISSUER = "Kemai"

# behind HTTPS a browser takes these from this very host only, with Secure and for no other path
COOKIE_PREFIX = "__Host-" if BEHIND_HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_NAME = f"{COOKIE_PREFIX}django_language"
KNOWN_COOKIE_NAME = f"{COOKIE_PREFIX}kemai_known"
MESSAGE_STORAGE = "kemai.platform.ui.flash.Storage"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEHIND_HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = BEHIND_HTTPS
SECURE_HSTS_SECONDS = 31536000 if BEHIND_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
# the hosts below ours: for one that has other hosts below it that speak plain, 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_HTTPS and env.boolean("KEMAI_HSTS_SUBDOMAINS", default=True)
# whether it is to stand in browsers' lists for ever is for the owner of the domain to say
SILENCED_SYSTEM_CHECKS = ["security.W021"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = str(env.data_folder("KEMAI_TMP", DATA_DIR / "tmp"))
AUDIT_ROOT = env.text("KEMAI_AUDIT", str(DATA_DIR / "audit"))
# where backups go, and the ledger of who was erased; best a disk of its own that is copied elsewhere
BACKUP_ROOT = env.text("KEMAI_BACKUPS", str(DATA_DIR / "backups"))
BACKUP_KEY = env.text("KEMAI_BACKUP_KEY")
# what encrypts chosen fields and the log in the database (docs/adr/061): the key of today, then those before it
COLUMN_KEYS = env.column_keys("KEMAI_COLUMN_KEY", "KEMAI_COLUMN_KEY_OLD")
MEDIA_ROOT = str(env.data_folder("KEMAI_FILES", DATA_DIR / "files"))

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("KEMAI_TIME_ZONE", "Asia/Shanghai")

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "platform" / "ui" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 31536000 if not DEBUG else 0

METRICS_TOKEN = env.text("KEMAI_METRICS_TOKEN")
LOGGING = logs.config(
    env.one_of("KEMAI_LOG_FORMAT", ("json", "text"), "text" if sys.stderr.isatty() else "json"),
    env.text("KEMAI_LOG_LEVEL", "INFO"),
    env.log_receiver("KEMAI_LOG_FORWARD"),
)
