# lego, serving the challenge itself.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

lego_with() { timeout 120 lego --server "$3" --path "$2" --email "operator@$1" --domains "$1" --accept-tos --http "${@:4}"; }

lego_obtain() { lego_with "$@" run; }

# So many days that it is always time; without a terminal it would sleep up to eight minutes.
lego_renew() { lego_with "$@" renew --days 10000 --no-random-sleep; }

lego_revoke() { lego_with "${@:1:3}" revoke --keep; }

lego_file() { echo "$2/certificates/$1.crt"; }
