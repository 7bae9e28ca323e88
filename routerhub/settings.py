"""Every setting, read from the environment once. A senseless value stops the start and says what to write."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from routerhub.connections import LOSS_IS_NOTICED
from routerhub.embedded.quickstart import RUNNING, kept_secret_key
from routerhub.environment import (
    ENGINE,
    choice,
    encoder_socket,
    env,
    flag,
    mail_url,
    networks,
    number,
    origin,
    places,
    regions,
    storage_keys,
    token,
    traces,
)  # fmt: skip

BASE_DIR = Path(__file__).resolve().parent.parent
# Where a machine keeps what is its own: embedded servers, logs, spool.
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
# What `make run` serves from here, as it wrote it down: for commands beside it. What the environment says goes before it.
if (VAR_DIR / RUNNING).exists():
    environ.Env.read_env(VAR_DIR / RUNNING)

# --- core
DEBUG = flag("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", kept_secret_key(VAR_DIR))
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: `make run` makes one; elsewhere set 50 random characters.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "routerhub.urls"
ASGI_APPLICATION = "routerhub.control_plane.application"
APPEND_SLASH = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MAX_BODY_BYTES = int(number("MAX_BODY_BYTES", 10 * 1024 * 1024, 1_024, 1024**3))
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# How long a gateway waits for a body in all, on its way to either plane.
BODY_WAIT_S = number("BODY_WAIT_S", 120, 1, 3_600)
# A stream that says nothing for so long gets a sign of life; 0: none.
STREAM_PING_S = number("STREAM_PING_S", 15, 0, 3_600)
# A reason may be as long as it needs to be.
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.inlines",
    "unfold.contrib.simple_history",
    "routerhub.admin_app.RouterHubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.postgres",
    "routerhub.tenancy",
    "routerhub.audit",
    "routerhub.releases",
    "models_registry",
    "budgets",
    "autorouter",
    "analytics",
    "routerhub.storage",
    "routerhub.batches",
    "experiments",
    "routerhub",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "routerhub.tenancy.middleware.scope_of_request",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "routerhub.second_factor.SecondFactorMiddleware",
]

CSRF_FAILURE_VIEW = "routerhub.error_pages.csrf_refused"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- signing in, see docs/howto/sign-in.md and routerhub/sign_in_settings.py
from routerhub.sign_in_settings import *  # noqa: E402, F403 - after the environment was filled in

# Where people find the pages, for links in mails; empty: as whoever invites found them.
PUBLIC_URL = origin("PUBLIC_URL")
# Whether staff get no further by page or API session until they have shown a second factor.
STAFF_NEED_SECOND_FACTOR = flag("STAFF_NEED_SECOND_FACTOR", False)
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not flag("HTTPS", True)

# --- data stores: `make run` fills both in when they are not set
DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///routerhub")}
# Every statement says for whom it is asked, see docs/row-level-security.md.
DATABASES["default"]["ENGINE"] = ENGINE
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"] = {**LOSS_IS_NOTICED, **DATABASES["default"].get("OPTIONS", {})}
# A streaming replica, for reports and exports: they tell until when what they read goes. Empty: there is none.
if DATABASE_REPLICA_URL := env.str("DATABASE_REPLICA_URL", ""):
    DATABASES["replica"] = {**DATABASES["default"], **env.db_url_config(DATABASE_REPLICA_URL), "ENGINE": ENGINE}
# Connections of a gateway process beside those of its ledger, for conversations.
DATABASE_POOL_SIZE = int(number("DATABASE_POOL_SIZE", 4, 1, 100))
# Whether every query goes to the log, with its milliseconds.
DATABASE_ECHO = flag("DATABASE_ECHO", False)
# Limits may be dealt out over several databases: this one is called PLACE then, and PLACES names the others.
PLACE = env.str("PLACE", "home")
PLACES = places("PLACES")
if PLACE in PLACES:
    raise ImproperlyConfigured(
        f"PLACES has {PLACE!r} in it, which is what PLACE calls this database: give it another name."
    )
DATABASES.update(PLACES)
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")

# --- static files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# --- transport security: on unless the site is served on plain HTTP, as a laptop's is
HTTPS = flag("HTTPS", True)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

# --- the router
USE_DB_MODELS = flag("USE_DB_MODELS", True)
USE_DB_ROUTER_CONFIG = flag("USE_DB_ROUTER_CONFIG", True)
# Turns both while the processes run; see routerhub.releases.switches.
SWITCHES_FILE = Path(env.str("SWITCHES_FILE", str(VAR_DIR / "switches.json")))
# Whether `sync_prices` may fetch the newest figures from the network; else it takes those of the installed package.
ALLOW_ONLINE_PRICES = flag("ALLOW_ONLINE_PRICES", True)
# auto: the sandbox provider answers for every model while no real provider has a key.
SANDBOX = choice("SANDBOX", "auto", ("auto", "on", "off"))
# In which dialect the sandbox is asked.
SANDBOX_PROTOCOL = choice("SANDBOX_PROTOCOL", "openai", ("openai", "openai-responses", "anthropic", "google"))
# Private networks in which models of one's own are served. Others are not called, whatever a provider's address says.
UPSTREAM_PRIVATE_NETWORKS = networks("UPSTREAM_PRIVATE_NETWORKS", "127.0.0.0/8,::1/128")
SANDBOX_BASE_URL = env.str("SANDBOX_BASE_URL", "")

# Where the encoder listens, see docs/encoder.md: a path, or tcp://HOST:PORT. `make run` sets it where the encoder is installed;
# empty: there is none, and the local table reads prompts alone.
ENCODER_SOCKET = encoder_socket("ENCODER_SOCKET")

# --- the gateway
# Where a gateway finds the control plane, to which it hands all but /v1; empty: it serves /v1 alone.
CONTROL_PLANE_URL = origin("CONTROL_PLANE_URL")
# Sent upstream, and reserved for, when a request does not say how long its answer may be.
DEFAULT_MAX_OUTPUT_TOKENS = int(number("DEFAULT_MAX_OUTPUT_TOKENS", 4_000, 1, 1_000_000))
# A request that a limit has no room for waits so many times as long as its model usually takes for an answer; 0: not at all.
ROOM_WAIT_ANSWERS = number("ROOM_WAIT_ANSWERS", 12, 0, 100)
# Told to end, a process is not ready for so long before it takes no more: whoever spreads requests has to learn of it.
DRAIN_S = number("DRAIN_S", 0, 0, 600)
REQUEST_DEADLINE_S = number("REQUEST_DEADLINE_S", 300, 1, 3_600)
# A conversation that was silent for longer has ended, and with it the preference for its model.
SESSION_IDLE_S = number("SESSION_IDLE_S", 24 * 3_600, 1, 90 * 24 * 3_600)
# A hold outlives its request's deadline by this much, then a gateway sweeps it: settles it at its ceiling.
HOLD_GRACE_S = number("HOLD_GRACE_S", 30, 0, 3_600)
SNAPSHOT_MAX_AGE_S = number("SNAPSHOT_MAX_AGE_S", 20, 1, 60)
LEDGER_WAIT_S = number("LEDGER_WAIT_S", 2, 0.1, 30)
SPOOL_DIR = Path(env.str("SPOOL_DIR", str(VAR_DIR / "spool")))

# A deployment's circuit opens when so large a share of its calls within so many seconds failed, if there were at least so many.
# It is tried again after CIRCUIT_OPEN_S, and after twice as long each time that it fails then.
CIRCUIT_WINDOW_S = number("CIRCUIT_WINDOW_S", 10, 1, 3_600)
CIRCUIT_MIN_ATTEMPTS = int(number("CIRCUIT_MIN_ATTEMPTS", 5, 1, 10_000))
CIRCUIT_FAILURE_SHARE = number("CIRCUIT_FAILURE_SHARE", 0.5, 0.01, 1)
CIRCUIT_OPEN_S = number("CIRCUIT_OPEN_S", 15, 0.1, 3_600)
CIRCUIT_MAX_OPEN_S = number("CIRCUIT_MAX_OPEN_S", 300, 0.1, 24 * 3_600)

# What models and deployments are measured by counts half as much with each of these.
MEASURED_HALF_LIFE_S = number("MEASURED_HALF_LIFE_S", 4 * 3_600, 60, 30 * 24 * 3_600)

# So long a selection that is kept can be completed, and is listed; in seconds.
SELECTION_RETENTION_S = number("SELECTION_RETENTION_S", 30 * 24 * 3_600, 60, 10 * 365 * 24 * 3_600)

# --- what is kept for clients, in seconds
# What it is sealed with. The first key seals, the others only open; without any, one is derived from SECRET_KEY.
STORAGE_KEYS = storage_keys("STORAGE_KEYS", SECRET_KEY)
RESPONSE_RETENTION_S = number("RESPONSE_RETENTION_S", 30 * 24 * 3_600, 1, 10 * 365 * 24 * 3_600)
IDEMPOTENCY_RETENTION_S = number("IDEMPOTENCY_RETENTION_S", 24 * 3_600, 1, 365 * 24 * 3_600)
CACHE_RETENTION_S = number("CACHE_RETENTION_S", 3_600, 1, 365 * 24 * 3_600)
# Of files that clients send, and of what batches write, where they do not say.
FILE_RETENTION_S = number("FILE_RETENTION_S", 30 * 24 * 3_600, 1, 10 * 365 * 24 * 3_600)
# Of files of requests that were written in the background.
EXPORT_RETENTION_S = number("EXPORT_RETENTION_S", 7 * 24 * 3_600, 60, 365 * 24 * 3_600)

# --- files and batches
MAX_FILE_BYTES = int(number("MAX_FILE_BYTES", 200 * 1024 * 1024, 1_024, 10 * 1024**3))
MAX_BATCH_REQUESTS = int(number("MAX_BATCH_REQUESTS", 50_000, 1, 1_000_000))
# Requests of batches that are asked at once, of all batches together.
BATCH_CONCURRENCY = int(number("BATCH_CONCURRENCY", 8, 1, 1_000))
# A worker that was not heard of for so long is taken for dead, and another one goes on with its batches.
BATCH_LEASE_S = number("BATCH_LEASE_S", 30, 1, 3_600)

# --- what requests and answers say, in docs/bodies.md
# Whether it is kept of accounts and keys that want it kept; without this, of none.
ANALYTICS_BODIES = flag("ANALYTICS_BODIES", False)
# Of a request, and of an answer, no more than so many characters.
ANALYTICS_BODY_MAX_CHARS = int(number("ANALYTICS_BODY_MAX_CHARS", 64 * 1024, 1_024, 4 * 1024 * 1024))
# An account may have it kept for a shorter time.
ANALYTICS_BODY_RETENTION_DAYS = int(number("ANALYTICS_BODY_RETENTION_DAYS", 30, 1, 3_650))
# The countries whose telephone numbers are known without their code.
ANALYTICS_PHONE_REGIONS = regions("ANALYTICS_PHONE_REGIONS", "US,GB,DE,FR,ES,IT,NL,BR,IN")

# --- analytics, see docs/records.md
# Days that records are kept; roll-ups and books stay.
ANALYTICS_RETENTION_DAYS = int(number("ANALYTICS_RETENTION_DAYS", 90, 1, 3_650))
# Whether records say from where a request came, its session and the caller's own metadata.
ANALYTICS_REQUEST_LOGGING = flag("ANALYTICS_REQUEST_LOGGING", True)
# Whether the router is told how models did lately.
ANALYTICS_PERFORMANCE_TRACKING = flag("ANALYTICS_PERFORMANCE_TRACKING", True)

# --- background work
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Nobody waits for a broker that is away: the next beat finds in the database what a wake-up would have pointed at.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "socket_connect_timeout": 1,
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
from routerhub.beat_settings import *  # noqa: E402, F403 - what beat wakes, and how often

# --- alerts
# The mail server by which alerts are sent, as apprise writes it; empty: none by email.
ALERT_MAIL_URL = mail_url("ALERT_MAIL_URL")
# Private networks to which webhooks and chats may lead. Nothing is sent to others, whatever an address says.
ALERT_PRIVATE_NETWORKS = networks("ALERT_PRIVATE_NETWORKS", "")

# --- REST API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "budgets.people.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["routerhub.parsers.BoundedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "routerhub.pagination.BoundedPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "routerhub.problems.problem_response",
    "STRICT_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {
        "ModelKindEnum": "models_registry.choices.ModelKind",
        "DeploymentStatusEnum": "models_registry.choices.DeploymentStatus",
        "EntryBasisEnum": "budgets.choices.Basis",
        "EntryKindEnum": "budgets.choices.EntryKind",
        "MemberRoleEnum": "budgets.choices.Role",
        "AlertKindEnum": "budgets.choices.AlertKind",
        "ChannelKindEnum": "budgets.choices.ChannelKind",
        "BatchStatusEnum": "routerhub.batches.choices.Status",
        "ExperimentStateEnum": "experiments.choices.ExperimentState",
        "PriorityEnum": "autorouter.choices.PriorityChoice",
        "ReaderEnum": "autorouter.types.READERS",
        "CategoryEnum": "autorouter.types.CATEGORIES",
    },
    "TITLE": "RouterHub",
    "DESCRIPTION": "Routing, catalogue, budgets and records.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- metrics and traces
# The bearer token of /metrics and of what /readyz tells beside its status. Without one, /metrics answers this machine alone.
METRICS_TOKEN = token("METRICS_TOKEN")
# Where the processes that one scrape tells of put together what they counted.
METRICS_DIR = Path(env.str("METRICS_DIR", str(VAR_DIR / "metrics")))

# Spans go to where OpenTelemetry's own variables say, which its library reads.
TRACES = traces()

# --- logs: a line for each event, with action= and the operation id, see routerhub.logs
LOG_FORMAT = choice("LOG_FORMAT", "text", ("text", "json"))
ECHOED = ("django.db.backends", "budgets.ledger.database")
"""Who logs queries when told to."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "routerhub.logs.LineFormatter", "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "routerhub.logs.JsonFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {
        # The server's own lines go the same way.
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # One by request is written already, and an address may carry what is no one's business.
        "uvicorn.access": {"handlers": [], "propagate": False},
        # They write addresses that have a secret in them, and what was answered; budgets.alerts.outbox tells what matters.
        "apprise": {"level": "CRITICAL", "propagate": False},
        "urllib3": {"level": "CRITICAL", "propagate": False},
        **({name: {"level": "DEBUG"} for name in ECHOED} if DATABASE_ECHO else {}),
    },
    "root": {"handlers": ["stderr"], "level": choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
}

# --- the admin's looks, see routerhub/admin_settings.py
from routerhub.admin_settings import *  # noqa: E402, F403
