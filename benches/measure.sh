# What the measuring scripts share. `work` is their folder of intermediate files.
# shellcheck shell=bash
# shellcheck disable=SC2154

# Runs a command and adds a line to file $1: CPU and wall time in milliseconds, with what its children used.
timed() {
    local to=$1 times
    shift
    times=$({ TIMEFORMAT='%3U %3S %3R'; time "$@" >"$work/said" 2>&1 </dev/null; } 2>&1) || {
        echo "error: $* ended with an error:" >&2
        cat "$work/said" >&2
        return 1
    }
    awk '{ printf "%.0f %.0f\n", ($1 + $2) * 1000, $3 * 1000 }' <<<"$times" >>"$to"
}

# Least, median and greatest of column $2 in file $1.
spread() {
    sort -n -k "$2,$2" "$1" | awk -v column="$2" '{ value[NR] = $column }
        END { printf "%d %d %d\n", value[1], value[int((NR + 1) / 2)], value[NR] }'
}

row() { printf '%-46s %8s %8s %8s   %s\n' "$@"; }

# The most memory that a command's processes had at once in KiB, how many they were, and the peaks of each added up. Pages of
# the program's file that several processes have mapped are counted once in the first number, in the last by each. Sampled
# while it runs, so that short-lived peaks may be missing. The first needs the right to look into the processes.
peak_of() {
    local -A peak=()
    local process child key value _ now most=0 total=0
    "$@" >"$work/said" 2>&1 </dev/null &
    local first=$!
    while kill -0 "$first" 2>/dev/null; do
        now=0
        for process in "$first" $(cat /proc/"$first"/task/*/children 2>/dev/null || true); do
            while read -r key value _; do
                [[ $key == VmHWM: ]] && peak[$process]=$value
            done 2>/dev/null <"/proc/$process/status" || true
            while read -r key value _; do
                [[ $key == Pss: ]] && now=$((now + value))
            done 2>/dev/null <"/proc/$process/smaps_rollup" || true
        done
        ((now > most)) && most=$now
    done
    wait "$first" || { cat "$work/said" >&2; return 1; }
    for child in "${!peak[@]}"; do
        total=$((total + peak[$child]))
    done
    echo "$most ${#peak[@]} $total"
}
