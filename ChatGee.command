#!/bin/sh
# Starts ChatGee on a double-click (macOS, Linux): finds a Python of at least 3.11 and hands over
# to run.py.

# A double-click knows less of the PATH than a terminal does.
PATH="$PATH:/usr/local/bin:/opt/homebrew/bin"
export PATH PYTHONUTF8=1
unset PYTHONHOME PYTHONPATH

fail() {
    if [ -t 0 ] && [ -t 1 ]; then
        printf '\n엔터 키를 누르면 끝나요. '
        read -r _
    fi
    exit "$1"
}

# Whether a Python runs and is new enough: 42 is nothing that another program would end with.
works() {
    # Without Apple's developer tools this one only opens a window that offers them.
    if [ "$(command -v "$1")" = /usr/bin/python3 ] && [ "$(uname)" = Darwin ]; then
        xcode-select -p >/dev/null 2>&1 || return 1
    fi
    "$1" -c 'import sys; sys.exit(42 * (sys.version_info >= (3, 11)))' </dev/null >/dev/null 2>&1
    [ $? -eq 42 ]
}

cd "$(dirname "$0")" || fail 1
if [ ! -f run.py ]; then
    echo '압축을 먼저 모두 풀고, 새로 생긴 폴더에서 다시 두 번 눌러 주세요.'
    fail 1
fi

own=.venv/bin/python
[ -f .venv/chatgee-ready.txt ] || own=
for python in $own python3.14 python3.13 python3.12 python3.11 python3; do
    if works "$python"; then
        trap : INT # Ctrl+C is for ChatGee, which decides when to end
        "$python" run.py "$@"
        code=$?
        [ $code -eq 0 ] || fail $code
        exit 0
    fi
done

echo '파이썬 3.11 이상이 필요해요.'
echo 'https://www.python.org/downloads/ 에서 설치하고, 다시 두 번 눌러 주세요.'
if [ "$(uname)" = Darwin ]; then
    open https://www.python.org/downloads/
fi
fail 1
