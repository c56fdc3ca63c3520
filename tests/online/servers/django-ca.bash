# django-ca 3.2 with the exported settings, under gunicorn; the project around it and its web certificate are this test's own.
#
# It is the one of the three that answers OCSP requests. Its order object loses `finalize` on the way, which uacme and
# dehydrated need.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

server_issuers() { echo e3 r1; }

server_clients() { echo certbot lego; }

# How it names a certificate in a path: the serial number without leading zeros.
named() { openssl x509 -noout -serial -in "$work/ceremony/out/certificates/$issuer.pem" | sed 's/^serial=0*//'; }

server_directory() { echo "https://acme.test/django_ca/acme/directory/$(named)/"; }

django() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/django-ca DJANGO_SETTINGS_MODULE=settings "$DJANGO_CA/bin/$1" "${@:2}"; }

server_start() {
    export DJANGO_CA_DATA=$work/data/django-ca/$1 DJANGO_CA_EXPORT=$work/store/active/exports/django-ca
    django django-admin migrate --verbosity 0 || return
    django django-admin shell --verbosity 0 <"$DJANGO_CA_EXPORT/add.py" || return
    # A responder of its own, certified by the key on the token.
    django django-admin generate_ocsp_keys || return
    exec env HOME="$DJANGO_CA_DATA" PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/django-ca" DJANGO_SETTINGS_MODULE=settings "$DJANGO_CA/bin/gunicorn" \
        --bind 127.0.0.1:443 --certfile "$WEB/cert.pem" --keyfile "$WEB/key.pem" --workers 1 --threads 8 wsgi
}

# What its responder says of a certificate, by a signature that has a path to the root of the ceremony.
status() {
    local ca=$work/ceremony/out/certificates/$issuer.pem ocsp=$work/django-ca/ocsp
    openssl ocsp -issuer "$ca" -cert "$1" -no_nonce -reqout "$ocsp.request" >/dev/null &&
        curl --silent --fail --header 'Content-Type: application/ocsp-request' --data-binary "@$ocsp.request" \
            --output "$ocsp.response" "https://acme.test/django_ca/ocsp/$(named)/cert/" &&
        openssl ocsp -respin "$ocsp.response" -issuer "$ca" -cert "$1" -no_nonce -CAfile "$root" -verify_other "$ca"
}

# verified STATUS LEAF: the response verifies and says this.
verified() {
    local said
    said=$(status "$2" 2>&1) || { echo "$said"; return 1; }
    echo "$said"
    [[ $said == *'Response verify OK'* && $said == *": $1"* ]]
}

server_judge_issued() {
    check "django-ca, $client: OCSP says that it is good" verified good "$folder/leaf.pem"
}

server_judge_revoked() {
    check "django-ca, $client: OCSP says that it is revoked" verified revoked "$folder/revoked.pem"
}

server_judge_refusals() { :; }
