# The keys of the subordinate CAs, on their token. It holds no secret: the PIN is in a file of its own.
from pathlib import Path as _Path

CA_KEY_BACKENDS = {
    "default": {
        "BACKEND": "django_ca.key_backends.hsm.HSMBackend",
        "OPTIONS": {
            "library_path": "/usr/lib/softhsm/libsofthsm2.so",
            "token": "issuing",
            "user_pin": _Path("/run/ca/pin").read_text().strip(),
        },
    },
}
