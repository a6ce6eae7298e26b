# Completion of outreachd's command line in fish. It asks `--help`, so it knows what the program knows.

# From a help text on stdin, "option TAKES" or "command", a tab and what it is for, of each line of that part.
function __outreachd_listed --argument-names part
    awk -v part="$part:" '
        $0 == part { on = 1; next }
        /^$/ { on = 0 }
        on && /^  [^ ]/ { if (line) print line; line = substr($0, 3); sub(/   */, "\t", line); next }
        on { sub(/^ +/, index(line, "\t") ? " " : "\t"); line = line $0 }
        END { if (line) print line }'
end

function __outreachd_offered
    set --local before (commandline --current-process --tokenize --cut-at-cursor)
    set --local word (commandline --current-token --cut-at-cursor)
    set --local program $before[1]
    set --local commands
    set --local help ($program --help 2>/dev/null)
    # Words that are no command at their place are options and their values.
    for each in $before[2..-1]
        if contains -- $each (printf '%s\n' $help | __outreachd_listed Commands | string replace --regex '\t.*' '')
            set --append commands $each
            set help ($program $commands --help 2>/dev/null)
        end
    end
    for line in (printf '%s\n' $help | __outreachd_listed Options)
        set --local about (string split --max 1 \t -- $line)
        set --local takes (string split --max 1 ' ' -- $about[1])
        set --local names (string split , -- $takes[1])
        if contains -- $before[-1] $names; and test (count $takes) -gt 1
            # A value: a file's name, or nothing that could be known here.
            string match --quiet '*FILE*' -- $takes[2]; and __fish_complete_path $word
            return
        end
        if string match --quiet -- '-*' $word
            for name in $names
                printf '%s\t%s\n' $name "$about[2]"
            end
        end
    end
    if not string match --quiet -- '-*' $word
        set --local listed (printf '%s\n' $help | __outreachd_listed Commands)
        if test (count $listed) -gt 0
            printf '%s\n' $listed
        else
            __fish_complete_path $word # it may be one: `outreachd send FILE`
        end
    end
end

complete --command outreachd --no-files --arguments '(__outreachd_offered)'
