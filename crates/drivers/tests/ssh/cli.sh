# A command line on a terminal whose echo is the terminal's own.
printf 'Last login: never\n\n'
while :; do
    printf 'leaf-01# '
    IFS= read -r line || exit 0
    case $line in
        'show version') echo 'Version 1' ;;
        'show width') stty size | cut -d' ' -f2 ;;
        'show term') echo "$TERM" ;;
        'show user') echo "$SSH_CONNECTION" | cut -d' ' -f4 ;;
        exit) exit 0 ;;
        '') ;;
        *) echo "% Invalid input: $line" ;;
    esac
done
