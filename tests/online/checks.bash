# Checks that say what they check. Sourced; `$checks` is the file that the summary counts.
# shellcheck shell=bash disable=SC2154 # whoever sources it gives the file

# check SENTENCE COMMAND…: the sentence is true if the command succeeds. What it says is shown if it does not, and the
# test goes on: the summary counts.
check() {
    local sentence=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "ok      $sentence" | tee -a "$checks"
    else
        echo "FAILED  $sentence" | tee -a "$checks"
        printf '        %s\n' "$*"
        tail -n 20 <<<"$said" | sed 's/^/        /'
        held=
        return
    fi
    held=1
}

# must SENTENCE COMMAND…: the same, where nothing after it makes sense without it.
must() {
    check "$@"
    [[ -n $held ]] || exit 1
}

# refused CODE WORD COMMAND…: the command ends with this exit code and says this word.
refused() {
    local code=$1 word=$2 said ended=0
    shift 2
    said=$("$@" 2>&1) || ended=$?
    echo "exit code $ended: $said"
    ((ended == code)) && [[ $said == *"$word"* ]]
}

# declined WORD COMMAND…: the command fails, whatever its exit code, and says this word in any case.
declined() {
    local word=$1 said
    shift
    if said=$("$@" 2>&1); then
        echo "it succeeded: $said"
        return 1
    fi
    echo "$said"
    [[ ${said,,} == *"$word"* ]]
}

# says WORD COMMAND…: the command succeeds and says this word.
says() {
    local word=$1 said
    shift
    said=$("$@" 2>&1) || { echo "$said"; return 1; }
    echo "$said"
    [[ $said == *"$word"* ]]
}

# differ A B: the two are there and are not the same.
differ() {
    [[ -n $1 && -n $2 && $1 != "$2" ]]
}

# silent COMMAND…: the command fails, or says nothing.
silent() {
    local said
    said=$("$@" 2>&1) || return 0
    echo "$said"
    [[ -z $said ]]
}
