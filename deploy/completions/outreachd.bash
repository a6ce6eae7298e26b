# shellcheck shell=bash
# Completion of outreachd's command line in bash. It asks `--help`, so it knows what the program knows.

# _outreachd_listed PART: from a help text on stdin, "option TAKES", or "command", of each line of that part.
_outreachd_listed() {
    sed -n "/^$1:\$/,/^\$/s/^  \\([^ ].*\\)/\\1/p" | sed 's/   *.*//'
}

_outreachd() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} each names takes
    local program=${COMP_WORDS[0]} help words=()
    local -a commands=()
    COMPREPLY=()
    help=$("$program" --help 2>/dev/null) || return
    # Words that are no command at their place are options and their values.
    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if _outreachd_listed Commands <<<"$help" | grep -Fqx -e "$each"; then
            commands+=("$each")
            help=$("$program" "${commands[@]}" --help 2>/dev/null) || return
        fi
    done
    while read -r names takes; do
        if [[ ,$names, == *,$previous,* && -n $takes ]]; then
            # A value: a file's name, or nothing that could be known here.
            if [[ $takes == *FILE* ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
            fi
            return
        fi
        words+=("${names//,/ }")
    done < <(_outreachd_listed Options <<<"$help")
    if [[ $word != -* ]]; then
        mapfile -t words < <(_outreachd_listed Commands <<<"$help")
        # What is no command may be a file: `outreachd send FILE`.
        ((${#words[@]} > 0)) || compopt -o default 2>/dev/null
    fi
    mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$word")
}

complete -F _outreachd outreachd
