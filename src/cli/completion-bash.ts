/**
 * The completion script for bash, which needs nothing but bash 4.2. The words of the line are given to the program as
 * they stand: none is evaluated. bash splits words at `:` and `=` too; they are put together again, and what bash holds
 * to be before the word is taken off the candidates.
 * @param program what is completed, and called as `PROGRAM complete -- WORDS`
 */
export function bashCompletion(program: string): string {
  const name = program.replaceAll(/[^A-Za-z0-9]/g, '_');
  return `# bash completion for ${program}; load it with: source <(${program} completion bash)

_${name}() {
    local rest=\${COMP_LINE:0:COMP_POINT} piece trimmed line value prefix directive=0 i
    local -a words=() found=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=\${rest#"\${rest%%[![:space:]]*}"}
        piece=\${COMP_WORDS[i]}
        # The cursor may stand inside a word: what follows it does not count.
        ((\${#piece} > \${#trimmed})) && piece=$trimmed
        if ((i == 0)) || [[ $trimmed != "$rest" || -z $piece ]]; then
            words+=("$piece")
        else
            words[-1]+=$piece
        fi
        rest=\${trimmed#"$piece"}
    done
    local word=\${words[-1]}
    prefix=\${word%"$piece"}
    [[ $piece == [:=] ]] && prefix=$word

    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line =~ ^:[0-9]+$ ]]; then
            directive=\${line:1}
        else
            found+=("\${line%%$'\\t'*}")
        fi
    done < <(${program} complete -- "\${words[@]:1}" 2>/dev/null)
    for value in "\${found[@]}"; do
        # After --flag= the candidates are values without the flag.
        [[ $word == -*=* && $value != -* ]] && value=\${word%%=*}=$value
        [[ $value == "$word"* ]] && COMPREPLY+=("\${value#"$prefix"}")
    done
    # 2: no space after the word; 4: no file names.
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    return 0
}

complete -o default -F _${name} ${program}
`;
}
