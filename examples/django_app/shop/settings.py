import os
from pathlib import Path

BASE = Path(__file__).parent.parent
SECRET_KEY = os.environ.get("SHOP_SECRET", "only for trying out")
INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["shop.middleware.Tenant"]
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
if "PGDATABASE" in os.environ:  # where else to look is said in PGHOST, PGUSER and so on
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"]}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": BASE / "shop.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }
    }
TOKENS = {"token of ann": ("acme", "ann"), "token of bob": ("globex", "bob")}
OUTBOX = BASE / "outbox.jsonl"
