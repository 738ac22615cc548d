"""The two peers: what one would write in an afternoon, doing the least that can be done.

`python bench/peers.py starlette|flask --port P --model-url U`. Both ask with the openai package's
default client, wait up to REPLY_SECONDS and otherwise reply with a button. Neither keeps anything:
no memory, no answer for later, no order among one friend's questions.
"""

import argparse
import asyncio
import threading
from concurrent.futures import Future
from typing import Any

from processes import raise_file_limit

REPLY_SECONDS = 4.0
FALLBACK = "생각을 정리하고 있어요."
FETCH = {
    "label": "생각 다했니?",
    "action": "message",
    "messageText": "생각 다했니?",
    "extra": {"question": "1"},
}


def reply(words: str | None) -> dict[str, Any]:
    """Kakao's answer with these words, or the button for None."""
    template: dict[str, Any] = {"outputs": [{"simpleText": {"text": words or FALLBACK}}]}
    if words is None:
        template["quickReplies"] = [FETCH]
    return {"version": "2.0", "template": template}


def messages(payload: dict[str, Any]) -> list[Any]:
    """What the model is asked."""
    return [{"role": "user", "content": payload["userRequest"]["utterance"]}]


def run_starlette(port: int, model_url: str) -> None:
    """Starlette, uvicorn and AsyncOpenAI."""
    import uvicorn
    from openai import AsyncOpenAI
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    model = AsyncOpenAI(base_url=model_url, api_key="sk-bench")
    running: set[asyncio.Task[str | None]] = set()

    async def ask(payload: dict[str, Any]) -> str | None:
        answer = await model.chat.completions.create(model="bench", messages=messages(payload))
        return answer.choices[0].message.content

    async def prompt(request: Request) -> JSONResponse:
        task = asyncio.create_task(ask(await request.json()))
        running.add(task)  # A late answer is still wanted, so its call goes on.
        task.add_done_callback(running.discard)
        done, _ = await asyncio.wait({task}, timeout=REPLY_SECONDS)
        return JSONResponse(reply(task.result() if done else None))

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    routes = [Route("/prompt", prompt, methods=["POST"]), Route("/health", health)]
    uvicorn.run(Starlette(routes=routes), port=port, log_level="warning", access_log=False)


def run_flask(port: int, model_url: str) -> None:
    """Flask's own server, a thread per request and another per question."""
    import logging

    from flask import Flask, Response, jsonify, request
    from openai import OpenAI

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    model = OpenAI(base_url=model_url, api_key="sk-bench")
    app = Flask(__name__)

    def ask(payload: dict[str, Any], answer: "Future[str | None]") -> None:
        try:
            made = model.chat.completions.create(model="bench", messages=messages(payload))
            answer.set_result(made.choices[0].message.content)
        except Exception as error:  # The waiting request shall hear of it.
            answer.set_exception(error)

    @app.post("/prompt")
    def prompt() -> Response:
        answer: Future[str | None] = Future()
        threading.Thread(target=ask, args=(request.get_json(), answer), daemon=True).start()
        try:
            return jsonify(reply(answer.result(timeout=REPLY_SECONDS)))
        except TimeoutError:
            return jsonify(reply(None))

    @app.get("/health")
    def health() -> str:
        return "ok"

    app.run(port=port, threaded=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=["starlette", "flask"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model-url", required=True)
    options = parser.parse_args()
    raise_file_limit()
    start = run_starlette if options.peer == "starlette" else run_flask
    start(options.port, options.model_url)


if __name__ == "__main__":
    main()
