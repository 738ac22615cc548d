"""What an owner can do when run.py cannot make its environment.

run.py reads it before anything is installed: the standard library alone, and sentences of its own.
"""

import re
import sys
from pathlib import Path

UNKNOWN = """준비하다가 문제가 생겼어요. 다시 실행해도 같으면 이 글을 보여 주며 도움을 청해 주세요.
{text}"""
TROUBLES = {  # what pip, venv or the system said: what we say; the first match counts
    r"No space left|Errno 28\b|WinError 112\b|quota exceeded": """\
디스크에 빈 자리가 없어요. 필요 없는 파일을 지워 1GB쯤 비우고 다시 실행해 주세요.""",
    r"(?i)certificate.verify.failed": """\
보안 프로그램이나 회사·학교 인터넷이 암호화된 연결을 열어 보아서 패키지를 받지 못했어요.
휴대폰 핫스팟 같은 다른 인터넷에서 한 번 실행하거나, 전산 담당자에게 인증서 파일을 받아
환경 변수 PIP_CERT에 그 파일의 위치를 적고 다시 실행해 주세요.""",
    r"(?i)407 proxy|ProxyError|connect to proxy": """\
프록시(회사·학교의 인터넷 중계 서버)가 연결을 막았어요. 환경 변수 HTTPS_PROXY에
http://아이디:비밀번호@주소:포트 를 적거나, 다른 인터넷에서 한 번 실행해 주세요.""",
    r"ensurepip is not|No module named '?(venv|ensurepip)": """\
이 파이썬에는 환경을 만드는 venv가 빠져 있어요. 우분투나 데비안이면 터미널에서
    sudo apt install python3-venv
다른 컴퓨터면 https://www.python.org/downloads/ 의 파이썬을 설치하고 다시 실행해 주세요.""",
    r"(?i)long path|WinError 206\b|Errno 36\b": """\
폴더 이름이 너무 길어요. ChatGee 폴더를 C:\\ChatGee처럼 짧은 곳으로 옮겨 다시 실행해 주세요.""",
    r"WinError (2|225|1260|4551)\b": """\
백신이나 윈도우 보안이 ChatGee의 파이썬을 막거나 지웠어요. 백신의 '예외'에 아래 폴더를 넣고
다시 실행해 주세요. 회사·학교 컴퓨터라면 전산 담당자에게 부탁해 주세요.
    {env}""",
    r"Errno (13|30)\b|Permission denied|WinError (5|32)\b": """\
파일을 쓰거나 바꿀 수 없어요. 켜져 있는 다른 ChatGee 창을 닫고, 백신이 막았는지 봐 주세요.
그래도 같으면 ChatGee 폴더를 C:\\ChatGee처럼 마음대로 쓸 수 있는 곳으로 옮겨 주세요.""",
    r"(?i)from versions: none|ConnectionError|Max retries|timed out|connection broken": """\
필요한 패키지를 인터넷에서 받지 못했어요. 인터넷 연결을 확인하고 다시 실행해 주세요.
설치는 처음 한 번, 그리고 ChatGee를 새 버전으로 바꾼 뒤에만 해요.""",
    r"No matching distribution|Failed building|generation-failed|exited-with-error": """\
이 파이썬({version})에 맞는 패키지를 찾지 못했어요. https://www.python.org/downloads/ 에서
파이썬 3.12나 3.13을 설치하고 다시 실행해 주세요.""",
}


def remedy(said: str, env: Path) -> str:
    """The sentence for a failure, from what was said about it."""
    found = (sentence for pattern, sentence in TROUBLES.items() if re.search(pattern, said))
    last = "".join(said.strip().splitlines()[-1:])
    return next(found, UNKNOWN).format(version=sys.version.split()[0], env=env, text=last)
