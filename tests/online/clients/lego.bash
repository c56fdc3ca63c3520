# lego, serving the challenge itself.
# shellcheck shell=bash

lego_with() { timeout 120 lego --server "$3" --path "$2" --email "operator@$1" --domains "$1" --accept-tos --http "${@:4}"; }

lego_obtain() { lego_with "$@" run; }

# So many days that it is always time.
lego_renew() { lego_with "$@" renew --days 10000; }

lego_revoke() { lego_with "$@" revoke --keep; }

lego_file() { echo "$2/certificates/$1.crt"; }
