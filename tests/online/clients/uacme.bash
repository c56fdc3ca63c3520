# uacme, writing the challenge into the web root by a hook.
# shellcheck shell=bash disable=SC2154 # inside.bash gives the variables

uacme_with() { timeout 120 uacme --verbose --confdir "$2" --acme-url "$3" "${@:4}"; }

uacme_hook() {
    local hook=$1/hook
    cat >"$hook" <<END
#!/bin/sh
[ "\$2" = http-01 ] || exit 1
case \$1 in
    begin) printf %s "\$5" >"$webroot/.well-known/acme-challenge/\$4" ;;
    *) rm -f "$webroot/.well-known/acme-challenge/\$4" ;;
esac
END
    chmod +x "$hook"
    echo "$hook"
}

uacme_obtain() {
    uacme_with "$@" --yes new && with_webroot uacme_with "$@" --hook "$(uacme_hook "$2")" issue "$1"
}

uacme_renew() { with_webroot uacme_with "$@" --force --hook "$(uacme_hook "$2")" issue "$1"; }

uacme_revoke() { uacme_with "${@:1:3}" revoke "$4"; }

uacme_file() { echo "$2/$1/cert.pem"; }
