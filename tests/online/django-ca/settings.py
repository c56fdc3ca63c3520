"""A Django project with nothing but django-ca, and what `rootrite export --format django-ca` made appended to its settings."""

import os
from pathlib import Path

DATA = Path(os.environ["DJANGO_CA_DATA"])
SECRET_KEY = "a test that lives for a minute"
ALLOWED_HOSTS = ["acme.test"]
ROOT_URLCONF = "urls"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin",
    "django_object_actions",
    "django_ca",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "db.sqlite3", "OPTIONS": {"timeout": 30}}
}
FILES = "django.core.files.storage.FileSystemStorage"
STORAGES = {
    "default": {"BACKEND": FILES},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "django-ca": {"BACKEND": FILES, "OPTIONS": {"location": DATA / "files"}},
}
STATIC_URL = "static/"
CA_DEFAULT_HOSTNAME = "acme.test"
CA_USE_CELERY = False
CA_ENABLE_ACME = True

# What an operator appends.
exec(Path(os.environ["DJANGO_CA_EXPORT"], "settings.py").read_text())
