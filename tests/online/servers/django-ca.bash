# django-ca 3.2 with the exported settings, under gunicorn; the project around it and its web certificate are this test's own.
#
# It is the one of the three that answers OCSP requests. Its order object loses `finalize` on the way, which uacme and
# dehydrated need.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

server_issuers() { echo e1 r1; }

server_clients() { echo certbot lego; }

# Its ACME directory has the CA's serial number in its path.
server_directory() {
    echo "https://acme.test/django_ca/acme/directory/$(openssl x509 -noout -serial -in "$work/ceremony/out/certificates/$issuer.pem" |
        sed 's/^serial=0*//')/"
}

django() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/django-ca DJANGO_SETTINGS_MODULE=settings "$DJANGO_CA/bin/$1" "${@:2}"; }

server_start() {
    export DJANGO_CA_DATA=$work/data/django-ca/$1 DJANGO_CA_EXPORT=$work/store/active/exports/django-ca
    django django-admin migrate --verbosity 0 || return
    django django-admin shell --verbosity 0 <"$DJANGO_CA_EXPORT/add.py" || return
    # A responder of its own, certified by the key on the token.
    django django-admin generate_ocsp_keys || return
    exec env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/django-ca" DJANGO_SETTINGS_MODULE=settings "$DJANGO_CA/bin/gunicorn" \
        --bind 127.0.0.1:443 --certfile "$WEB/cert.pem" --keyfile "$WEB/key.pem" --workers 1 --threads 8 wsgi
}

# status LEAF: what its responder says of a certificate, by a signature that has a path to the root.
status() {
    local serial
    serial=$(openssl x509 -noout -serial -in "$work/ceremony/out/certificates/$issuer.pem" | sed 's/^serial=0*//')
    openssl ocsp -issuer "$work/ceremony/out/certificates/$issuer.pem" -cert "$1" -sha1 -no_nonce -CAfile "$root" \
        -verify_other "$work/ceremony/out/certificates/$issuer.pem" -url "http://127.0.0.1:8080/"
}

server_judge_revoked() { :; }

server_judge_refusals() { :; }
