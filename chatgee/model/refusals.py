"""Which failure of ours a service means: one table from its status and its words.

The words are those of OpenAI, Azure, Gemini, Groq, OpenRouter, Mistral, Upstage, CLOVA Studio,
DeepSeek, xAI, Together, LM Studio, Ollama, vLLM, llama.cpp and what stands before them;
`tests/model/test_refusals.py` has the whole bodies.
"""

import re
from collections.abc import Collection

from chatgee.errors import Failure
from chatgee.model.error_bodies import Reason

ANY = range(1000)
OF_A_REQUEST = {200, 400, 403, 404, 409, 410, 412, 413, 415, 422, 424, 500, 503}
"""Statuses with which a request is refused; 200, too, and 500 where a gateway stands before."""
A_NAME = r"[`'\"]?[\w./:@-]+[`'\"]?"

TABLE: tuple[tuple[Failure, Collection[int], *tuple[str, ...]], ...] = (
    (
        Failure.NO_CREDIT,
        ANY,
        r"insufficient[ _-](?:\w+ )?(?:quota|balance|credit|fund)",
        r"credit[ _]balance",
        r"credit limit|key limit exceeded",
        r"(?:run )?out of credit",
        r"more credits",
        r"used all (?:your |available )",
        r"have any credits",
        r"(?:balance|credits?|quota|funds?) (?:is |are )?(?:insufficient|exhausted|too low)",
        r"arrear|overdue|recharge",
        r"not enough (?:credit|balance)",
        r"not_enough_balance",
        r"spend(?:ing)?[ _]limit",
        r"payment (?:method|required)",
        r"usage_limit_exceeded",
        r"billing_(?:hard_limit|not_active)",
        r"billing hard limit",
        r"check your billing|billing account|api usage limit",
        r"\b(?:daily|monthly)\b.{0,20}\b(?:quota|limit)",
        r"exceeded_current_quota",
        r"call volume quota",
        r"blocked_api_access",
        r"limit: 0(?![\d.])",
        r"free quota tier",
        r"per-?day",
        r"exceeded your current quota(?!.*(?:resource_exhausted|perminute|googleapis))",
    ),
    (
        Failure.NO_CREDIT,
        {402},
    ),
    (
        Failure.ACCOUNT_BLOCKED,
        ANY,
        r"unsupported_country|country, region",
        r"location is not supported",
        r"(?:country|region|territory)\b.{0,40}not (?:supported|available|allowed)",
        r"not (?:supported|available|allowed) (?:in|from) your (?:country|region)",
        r"account\b.{0,80}(?:deactivated|suspended|disabled|locked|banned|terminated|not allowed)",
        r"(?:account|access|organization|project)_(?:deactivated|terminated|restricted|disabled)",
        r"(?:organization|project) has been (?:restricted|disabled|deactivated|denied)",
        r"access was terminated",
        r"\bip\b.{0,60}not (?:authorized|allowed|in\b)",
        r"ip_not_authorized",
        r"member of an organization",
        r"firewall rules",
        r"public access is disabled|private endpoint",
        r"has not been used in project",
        r"you have been blocked|error code: 10(?:09|20)\b",
    ),
    (
        Failure.RATE_LIMIT,
        {429},
    ),
    (
        Failure.REFUSED,
        {200, 400, 403, 422, 451, 500},
        r"content[_ ]?filter",
        r"content management",
        r"content[_ ]policy",
        r"usage (?:polic|guideline)",
        r"safety",
        r"responsibleai",
        r"moderation",
        r"flagged",
        r"data_?inspection",
        r"content exists risk",
        r"policy[_ ]violation",
        r"prohibited_content",
        r"unavailable output|inappropriate",
    ),
    (
        Failure.RATE_LIMIT,
        ANY,
        r"rate[_ -]?limit",
        r"too many requests",
        r"(?:tokens|requests) per (?:min|day|hour)",
        r"throttl",
    ),
    (
        Failure.NOT_LOADED,
        ANY,
        r"no models? (?:is |are )?(?:currently )?loaded",
        r"more system memory|out of memory|unable to allocate|resources to load",
        r"(?:failed|unable) to load",
        r"(?:error|could not|cannot) load(?:ing)?\b.{0,40}model",
        r"error loading",
        r"load the model first",
    ),
    (
        Failure.TOO_LONG,
        OF_A_REQUEST,
        r"context[_ ]?(?:length|size|window|limit)",
        r"maximum context|maximum (?:prompt|model) length|\bn_ctx\b",
        r"max_model_len",
        r"context the overflows",
        r"context overflow",
        r"exceed(?:s|ed)?\b.{0,60}\b(?:length|tokens?)\b",
        r"range of input length",
        r"prompt (?:is )?too long",
        r"input (?:is )?too long",
        r"longer than the model",
        r"must have less than \d+ tokens",
        r"tokens_limit_reached",
        r"max_new_tokens`? must",
        r"text to+ long",
        r"string_too_long",
    ),
    (
        Failure.LOADING,
        ANY,
        r"loading model",
        r"model\b.{0,120}\bis (?:(?:currently |still )?loading|being loaded)",
        r"still loading",
        r"model is (?:starting|warming|not ready)",
    ),
    (
        Failure.LOADING,
        {503},
        r"\bloading\b|starting up|not (?:yet )?ready",
    ),
    (
        Failure.MODEL_ACCESS,
        ANY,
        r"(?:have|no) access to (?:the |this )?model",
        r"(?:not allowed|not authorized|permission) to access (?:the |this )?model",
        r"model_access",
        r"model_(?:permission|terms)",
        r"not allowed to (?:use|sample from)",
        r"verified to use the model",
        r"\bgated\b",
        r"access to model\b.{0,100}(?:restricted|denied)",
        r"(?:requires?|available|only) .{0,20}\bpaid\b",
        r"data policy",
        r"guardrail restriction",
        r"no allowed providers",
        r"not available (?:in|on|for|under) (?:your|this) (?:plan|tier|subscription|project)",
    ),
    (
        Failure.WRONG_KEY,
        {401},
    ),
    (
        Failure.PHOTO,
        {200, 400, 404, 413, 415, 422, 500},
        r"(?<!kernel )image",
        r"\bvision\b",
        r"mmproj",
        r"multi-?modal",
        r"photo",
        r"content must be a string",
        r"unsupported input format",
    ),
    (
        Failure.TOO_LONG,
        OF_A_REQUEST,
        r"too long",
        r"too large",
        r"too many tokens",
        r"reduce (?:the length|your (?:prompt|message))",
    ),
    (
        Failure.UNKNOWN_MODEL,
        OF_A_REQUEST,
        r"model(?:_|\b.{0,160}? )(?:is )?(?:not[_ ]?found|unknown|invalid\b|no longer)",
        r"model fade out",
        r"model\b.{0,160} not exist",
        r"model\b.{0,160} has been (?:deprecated|retired|removed|shut|sunset)",
        r"decommissioned",
        rf"model {A_NAME} is not (?:supported|available)",
        r"not a valid model",
        r"(?:no such|unknown|unsupported|invalid)[ _]model",
        r"deployment_?not_?found",
        r"deployment\b.{0,80} does not exist",
        r"model_not_",
        r"no endpoints? found",
        r"no available channel",
        r"multiple models are loaded",
        r"models? .{0,160}not found",
        r"does not exist",
        r"the specified model",
        r"unexpected model name",
        r"currently not served",
    ),
    (
        Failure.WRONG_ADDRESS,
        {200, 400, 404, 405},
        r"invalid url",
        r"un(?:known|recognized)[_ ](?:request )?url",
        r"(?:page|file|resource|route|path|endpoint|url)\b.{0,60} not (?:found|exist)",
        r"no route",
        r"cannot (?:post|get)\b",
        r"unexpected endpoint",
        r"method not allowed",
        r"unsupported method",
        r"https server",
        r"https? port",
        r"^\W*not[ _]found(?:\W|404|error|no message available|not[ _]?found(?:_error)?)*$",
    ),
    (
        Failure.WRONG_KEY,
        {200, 400, 403, 404, 422},
        r"api[_ -]?key",
        r"unauthori[sz]ed",
        r"authenticat",
        r"invalid (?:token|credential|subscription)",
        r"auth credentials",
        r"missing (?:or invalid )?authorization",
        r"missing scopes",
    ),
    (
        Failure.WRONG_KEY,
        {500},
        r"(?:incorrect|invalid) api[_ ]key",
        r"invalid_api_key",
        r"authenticationerror",
    ),
    (
        Failure.SERVER,
        {200, *range(400, 429), *range(430, 500)},
        r"overloaded",
        r"capacity",
        r"temporarily",
        r"server[_ ](?:is )?busy",
        r"high demand",
        r"unloaded",
        r"crashed",
    ),
)
"""The first that fits. What an owner must do something about comes before what may pass, and the
very words before loose ones: a text about images is no answer to a context that is full."""
_PATTERNS = [
    (name, statuses, re.compile("|".join(words), re.S)) for name, statuses, *words in TABLE
]

BY_STATUS = {
    200: Failure.SERVER,
    403: Failure.WRONG_KEY,
    **dict.fromkeys((405, 501), Failure.WRONG_ADDRESS),
    407: Failure.NETWORK,
    408: Failure.TIMEOUT,
    **dict.fromkeys((409, 424, 425), Failure.SERVER),
    410: Failure.UNKNOWN_MODEL,
    413: Failure.TOO_LONG,
    498: Failure.RATE_LIMIT,
}

WAIT = re.compile(
    r"(?:try again|retry)\b.{0,40}?\b(?:in|after) "
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)( ?ms)?)?"
)


def failure_of(status: int, reason: Reason) -> Failure:
    """Our name for what a service answered with this status, or as if with it."""
    told = reason.told
    if status != 200 and status < 400:  # another address, which is the owner's to write down
        return Failure.WRONG_ADDRESS
    if reason.is_page and status in {200, 400, 404}:
        return Failure.WRONG_ADDRESS
    for failure, statuses, words in _PATTERNS:
        if status in statuses and words.search(told):
            return failure
    if status == 404:
        return Failure.UNKNOWN_MODEL if reason.is_error else Failure.WRONG_ADDRESS
    return BY_STATUS.get(status, Failure.REJECTED if status < 500 else Failure.SERVER)


def told_wait(reason: Reason) -> float | None:
    """Seconds, by the words; for services that send no `Retry-After`."""
    found = WAIT.search(reason.told)
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(one or 0) for one in found.groups()[:4])
    if found[5]:
        seconds /= 1000
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
