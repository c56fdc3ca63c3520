# Tokens of SoftHSM, and their entries for a site file. Sourced; `$work` is the folder that everything lies in.
# shellcheck shell=bash disable=SC2154 # whoever sources it gives the folder

# token_folder SIDE: the folder of this side's tokens.
token_folder() {
    mkdir -p "$work/$1/tokens"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n' \
        "$work/$1/tokens" >"$work/$1/softhsm2.conf"
}

# token SIDE LABEL [PIN]: a new token, and its entry.
token() {
    local serial
    SOFTHSM2_CONF=$work/$1/softhsm2.conf softhsm2-util --init-token --free --label "$2" --so-pin 12345678 \
        --pin "$ROOTRITE_TEST_PIN" >/dev/null
    serial=$(SOFTHSM2_CONF=$work/$1/softhsm2.conf softhsm2-util --show-slots |
        awk -v label="$2" '/Serial number:/ { serial = $3 } /Label:/ && $2 == label { print serial }')
    cat <<END
  $2:
    module: $ROOTRITE_TEST_MODULE
    environment: {SOFTHSM2_CONF: $work/$1/softhsm2.conf}
    label: $2
    serial: "$serial"
    class: software
    login: pin
    pin: ${3:-prompt}
END
}
