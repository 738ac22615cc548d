"""Why services refuse, in their own words: each documented body, over a real socket."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chatgee.errors import Failure, ModelError
from chatgee.model.error_bodies import reason_in
from chatgee.model.openai_model import OpenAIModel
from chatgee.model.refusals import told_wait
from chatgee.questions import Prompt
from tests.support.far_ends import FakeOpenAI, FarEnd

KEY = "sk-proj-a-key-that-nobody-may-read"
F = Failure


def error(message: str, code: Any = None, kind: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


def google(code: int, message: str, status: str, *details: Any) -> list[Any]:
    told = {"code": code, "message": message, "status": status}
    return [{"error": told | ({"details": list(details)} if details else {})}]


def raw(code: int, body: Any, **more: Any) -> dict[str, Any]:
    """As OpenRouter hands on what a provider said."""
    metadata = {"provider_name": "Somebody", "raw": json.dumps(body), **more}
    return {"error": {"message": "Provider returned error", "code": code, "metadata": metadata}}


def page(title: str) -> str:
    return f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{title}</body>\r\n</html>"


QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n"
    "* Quota exceeded for metric: generativelanguage.googleapis.com/"
    "generate_content_free_tier_requests, limit: {limit}, model: gemini-x\nPlease retry in 33.2s."
)


def violation(name: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": f"GenerateRequests{name}PerProjectPerModel-FreeTier"}],
    }


INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
}
FILTERED = {
    "code": "ResponsibleAIPolicyViolation",
    "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
}
KEEP_FIRST = (
    "Trying to keep the first 6547 tokens when context the overflows. However, the model is loaded "
    "with context length of only 4096 tokens, which is not enough. Try to load the model with a "
    "larger context length, or provide a shorter input"
)
REACHED = (
    "Reached context length of 4096 tokens with model (arch: llama) that does not currently "
    "support mid-generation context overflow. Try reloading with a larger context length."
)
NO_MODELS = (
    "No models loaded. Please load a model in the developer page or use the `lms load` command."
)
TOO_MANY = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens "
    "(5000 in the messages, 0 in the completion). Please reduce the length of the messages or "
    "completion."
)
DECODER = (
    "The decoder prompt (length 9000) is longer than the maximum model length of 4096. Make sure "
    "that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens. For "
    "image inputs, the number of image tokens depends on the number of images."
)
TPM = (
    "Request too large for model `llama-x` in organization `org_01abc` service tier `on_demand` on "
    "tokens per minute (TPM): Limit 6000, Requested 14368, please reduce your message size and try "
    "again. Need more tokens? Upgrade to Dev Tier today at "
    "https://console.groq.com/settings/billing"
)
TPD = (
    "Rate limit reached for model `llama-x` in organization `org_01abc` on tokens per day (TPD): "
    "Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more tokens?"
)
NO_QUOTA = "You exceeded your current quota, please check your plan and billing details."
BLOCKED = "The response was filtered due to the prompt triggering Azure OpenAI's content management"
LIST = "See https://example.com/models for available models."
AFFORD = "This request requires more credits, or fewer max_tokens. You can only afford 4000."
FLAGGED = 'Your input was flagged for "violence/graphic". No credits were charged.'
NO_ACCESS = "The model `o9` does not exist or you do not have access to it."
NO_PROJECT_ACCESS = "Project `proj_abc` does not have access to model `gpt-x`"
NO_DEPLOYMENT = "The API deployment for this resource does not exist. If you created the deployment"
DEACTIVATED = "The OpenAI account associated with this API key has been deactivated."
REGION = "Country, region, or territory not supported"
SCOPES = "You have insufficient permissions for this operation. Missing scopes: model.request."
GONE = "The model `llama-x` has been decommissioned and is no longer supported. Please refer to"
VISION = "image input is not supported - hint: you may need to provide the mmproj"
DESERIALIZE = "Failed to deserialize the JSON body: messages[0]: unknown variant `image_url`"

OPENAI = [
    (401, error(f"Incorrect API key provided: {KEY}.", "invalid_api_key"), F.WRONG_KEY),
    (401, error("You didn't provide an API key."), F.WRONG_KEY),
    (401, error(SCOPES, None, "invalid_request_error"), F.WRONG_KEY),
    (401, error(DEACTIVATED, "account_deactivated"), F.ACCOUNT_BLOCKED),
    (401, error("Your IP 1.2.3.4 is not authorized.", "ip_not_authorized"), F.ACCOUNT_BLOCKED),
    (401, error("You must be a member of an organization to use the API"), F.ACCOUNT_BLOCKED),
    (403, error(REGION, "unsupported_country_region_territory"), F.ACCOUNT_BLOCKED),
    (403, error(NO_PROJECT_ACCESS, "model_not_found"), F.MODEL_ACCESS),
    (404, error(NO_ACCESS, "model_not_found", "invalid_request_error"), F.UNKNOWN_MODEL),
    (404, error("Invalid URL (POST /v1/v1/chat/completions)"), F.WRONG_ADDRESS),
    (429, error(NO_QUOTA, "insufficient_quota", "insufficient_quota"), F.NO_CREDIT),
    (429, error("No credits.", "credit_balance_exhausted", "insufficient_quota"), F.NO_CREDIT),
    (429, error("Reached.", "project_spend_limit_exceeded"), F.NO_CREDIT),
    (429, error("Reached.", "organization_usage_limit_exceeded"), F.NO_CREDIT),
    (429, error("Billing hard limit has been reached", "billing_hard_limit_reached"), F.NO_CREDIT),
    (429, error("Rate limit reached for gpt-x on requests per min (RPM)"), F.RATE_LIMIT),
    (429, error("Slow down", "slow_down", "rate_limit_error"), F.RATE_LIMIT),
    (400, error(TOO_MANY, "context_length_exceeded"), F.TOO_LONG),
    (400, error("Invalid content type. image_url is only supported by certain"), F.PHOTO),
    (400, error("Your request was rejected by our safety system.", "x"), F.REFUSED),
    (400, error("Unsupported value: 'temperature'", "unsupported_value"), F.REJECTED),
    (500, error("The server had an error while processing your request."), F.SERVER),
    (503, error("The engine is currently overloaded, please try again later"), F.SERVER),
]
AZURE = [
    (404, error(NO_DEPLOYMENT, "DeploymentNotFound"), F.UNKNOWN_MODEL),
    (404, error("Resource not found", "404"), F.WRONG_ADDRESS),
    (401, error("Access denied due to invalid subscription key or wrong API endpoint."), "key"),
    (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing"}, F.WRONG_KEY),
    (403, error("Access denied due to Virtual Network/Firewall rules."), F.ACCOUNT_BLOCKED),
    (403, error("Out of call volume quota. Quota will be replenished in 12.00:00"), F.NO_CREDIT),
    (429, error("Requests have exceeded token rate limit. Please retry after 26 seconds.", "429"),
     F.RATE_LIMIT),
    (400, error(BLOCKED, "content_filter", status=400, innererror=FILTERED), F.REFUSED),
    (400, error("Bad", "BadRequest", innererror=FILTERED), F.REFUSED),
]  # fmt: skip
GEMINI = [
    (400, google(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT",
                 INVALID_KEY), F.WRONG_KEY),
    (400, google(400, "API key expired. Please renew the API key.", "INVALID_ARGUMENT"), "key"),
    (400, google(400, "Missing or invalid Authorization header.", "INVALID_ARGUMENT"), "key"),
    (400, google(400, "User location is not supported for the API use.",
                 "FAILED_PRECONDITION"), F.ACCOUNT_BLOCKED),
    (400, google(400, "The input token count (461428) exceeds the maximum number of tokens allowed "
                      "(131072).", "INVALID_ARGUMENT"), F.TOO_LONG),
    (403, google(403, "Your API key was reported as leaked. Please use another API key.",
                 "PERMISSION_DENIED"), F.WRONG_KEY),
    (403, google(403, "Generative Language API has not been used in project 1 before",
                 "PERMISSION_DENIED"), F.ACCOUNT_BLOCKED),
    (404, google(404, "models/gemini-9 is not found for API version v1main, or is not supported "
                      "for generateContent.", "NOT_FOUND"), F.UNKNOWN_MODEL),
    (404, google(404, "Requested entity was not found.", "NOT_FOUND"), F.UNKNOWN_MODEL),
    (404, page("Error 404 (Not Found)!!1"), F.WRONG_ADDRESS),
    (404, "", F.WRONG_ADDRESS),
    (429, google(429, QUOTA.format(limit=0), "RESOURCE_EXHAUSTED"), F.NO_CREDIT),
    (429, google(429, QUOTA.format(limit=20), "RESOURCE_EXHAUSTED", violation("PerDay")), "credit"),
    (429, google(429, QUOTA.format(limit=20), "RESOURCE_EXHAUSTED", violation("PerMinute")),
     F.RATE_LIMIT),
    (429, google(429, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED"),
     F.RATE_LIMIT),
    (503, google(503, "The model is overloaded. Please try again later.", "UNAVAILABLE"), F.SERVER),
]  # fmt: skip
GROQ = [
    (413, error(TPM, "rate_limit_exceeded", "tokens"), F.RATE_LIMIT),
    (429, error(TPD, "rate_limit_exceeded", "tokens"), F.RATE_LIMIT),
    (400, error(GONE, "model_decommissioned", "invalid_request_error"), F.UNKNOWN_MODEL),
    (404, error(NO_ACCESS, "model_not_found"), F.UNKNOWN_MODEL),
    (404, error("Unknown request URL: POST /openai/chat/completions. Please check the URL for "
                "typos", "unknown_url"), F.WRONG_ADDRESS),
    (400, error("The model `x` requires terms acceptance.", "model_terms_required"), "access"),
    (403, error("Blocked at the project level.", "model_permission_blocked_project"), "access"),
    (400, error("Organization has been restricted.", "organization_restricted"), "account"),
    (400, error("Please reduce the length of the messages or completion.",
                "context_length_exceeded"), F.TOO_LONG),
    (400, error("messages[1].content must be a string"), F.PHOTO),
    (401, error("Invalid API Key", "invalid_api_key"), F.WRONG_KEY),
    (498, error("Flex tier capacity exceeded"), F.SERVER),
    (503, page("503 Service Temporarily Unavailable"), F.SERVER),
]  # fmt: skip
OPENROUTER = [
    (402, error(AFFORD, 402, metadata={"provider_name": None}), F.NO_CREDIT),
    (402, {"error": {"error": {"message": "More credits are required", "code": 402}}}, "credit"),
    (403, error(FLAGGED, 403, metadata={"reasons": ["violence"], "flagged_input": "…"}), F.REFUSED),
    (404, error("No endpoints found for somebody/x:free.", 404), F.UNKNOWN_MODEL),
    (404, error("No endpoints found matching your data policy.", 404), F.MODEL_ACCESS),
    (404, error("No endpoints available matching your guardrail restrictions.", 404), "access"),
    (404, error("No endpoints found that support image input", 404), F.PHOTO),
    (400, error("gpt-nine is not a valid model ID", 400), F.UNKNOWN_MODEL),
    (401, error("No auth credentials found", 401), F.WRONG_KEY),
    (401, error("User not found.", 401), F.WRONG_KEY),
    (408, error("Your request timed out", 408), F.TIMEOUT),
    (429, error("Rate limit exceeded: free-models-per-day. Add 10 credits", 429), "credit"),
    (429, error("Rate limit exceeded: free-models-per-min.", 429), F.RATE_LIMIT),
    (429, raw(429, {"error": "x is temporarily rate-limited upstream"}), F.RATE_LIMIT),
    (502, raw(502, error("Upstream error")), F.SERVER),
    (503, error("There is no available model provider that meets your routing", 503), F.SERVER),
    (400, raw(400, error(TOO_MANY)), F.TOO_LONG),
    (400, raw(400, {"type": "error", "error": {"type": "invalid_request_error", "message":
                    "Your credit balance is too low to access the Anthropic API."}}), F.NO_CREDIT),
    (404, page("Not Found"), F.WRONG_ADDRESS),
]  # fmt: skip
MISTRAL = [
    (401, {"detail": "Unauthorized"}, F.WRONG_KEY),
    (401, {"message": "Unauthorized", "request_id": "933f233947ff6d346065bb297e4a4d56"}, "key"),
    (400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model",
           "param": None, "code": "1500"}, F.UNKNOWN_MODEL),
    (400, {"object": "error", "message": "Prompt contains 40000 tokens and 0 draft tokens, too "
           "large for model with 32768 maximum context length", "code": "3051"}, F.TOO_LONG),
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "store"],
                       "msg": "Extra inputs are not permitted", "input": "image"}]}, F.REJECTED),
    (422, {"object": "error", "message": {"detail": [{"msg": "Input should be a valid string"}]}},
     F.REJECTED),
    (429, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited",
           "code": "1300", "raw_status_code": 429}, F.RATE_LIMIT),
    (429, {"object": "error", "message": "Service tier capacity exceeded for this model.",
           "code": "3505"}, F.RATE_LIMIT),
    (404, {"message": "no Route matched with those values"}, F.WRONG_ADDRESS),
]  # fmt: skip
UPSTAGE = [
    (401, error("API key is invalid or not found", "invalid_api_key"), F.WRONG_KEY),
    (403, error("API key suspended due to insufficient credit. Please register a payment method to "
                "continue.", "api_key_is_not_allowed"), F.NO_CREDIT),
    (400, error(f"The requested model is invalid or no longer supported. {LIST}",
                "invalid_request_body"), F.UNKNOWN_MODEL),
    (400, error(TOO_MANY, "invalid_request_body"), F.TOO_LONG),
    (429, error("Too many requests", "too_many_requests"), F.RATE_LIMIT),
]  # fmt: skip
LM_STUDIO = [
    (404, error(NO_MODELS, "model_not_found", "invalid_request_error"), F.NOT_LOADED),
    (400, error(NO_MODELS), F.NOT_LOADED),
    (400, {"error": 'Failed to load model "x". Error: Error loading model.'}, F.NOT_LOADED),
    (400, {"error": KEEP_FIRST}, F.TOO_LONG),
    (200, {"error": KEEP_FIRST}, F.TOO_LONG),
    (400, {"error": REACHED}, F.TOO_LONG),
    (400, {"error": "Context size has been exceeded."}, F.TOO_LONG),
    (400, {"error": "The number of tokens to keep from the initial prompt is greater than the "
                    "context length."}, F.TOO_LONG),
    (400, {"error": "Multiple models are loaded. Please specify a model."}, F.UNKNOWN_MODEL),
    (400, error('Invalid model identifier "x". Please specify a valid downloaded model'), "model"),
    (401, error("Malformed LM Studio API token provided", "invalid_api_key"), F.WRONG_KEY),
    (200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}, F.WRONG_ADDRESS),
    (400, {"error": "The model has crashed without additional information."}, F.SERVER),
]  # fmt: skip
OLLAMA = [
    (404, error("model 'x' not found", None, "api_error"), F.UNKNOWN_MODEL),
    (404, error('model "x" not found, try pulling it first', None, "api_error"), F.UNKNOWN_MODEL),
    (404, {"error": "model 'x' not found"}, F.UNKNOWN_MODEL),
    (404, "404 page not found", F.WRONG_ADDRESS),
    (405, "405 method not allowed", F.WRONG_ADDRESS),
    (500, error("model requires more system memory (5.0 GiB) than is available"), F.NOT_LOADED),
    (500, error("llama runner process has terminated: exit status 2"), F.SERVER),
    (503, error("server busy, please try again. maximum pending requests exceeded"), F.SERVER),
    (400, error("the input length exceeds the context length"), F.TOO_LONG),
]
VLLM = [
    (400, {"object": "error", "message": TOO_MANY, "type": "BadRequestError", "code": 400}, "long"),
    (400, error(DECODER, 400, "BadRequestError"), F.TOO_LONG),
    (404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError",
           "param": "model", "code": 404}, F.UNKNOWN_MODEL),
    (404, {"detail": "Not Found"}, F.WRONG_ADDRESS),
    (405, {"detail": "Method Not Allowed"}, F.WRONG_ADDRESS),
    (401, {"error": "Unauthorized"}, F.WRONG_KEY),
    (400, error("x is not a multimodal model", 400, "BadRequestError"), F.PHOTO),
    (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, F.REJECTED),
    (500, "Internal Server Error", F.SERVER),
]  # fmt: skip
LLAMA_CPP = [
    (400, error("the request exceeds the available context size, try increasing it", 400,
                "exceed_context_size_error", n_prompt_tokens=1407, n_ctx=256), F.TOO_LONG),
    (500, error("the request exceeds the available context size", 500), F.TOO_LONG),
    (503, error("Loading model", 503, "unavailable_error"), F.LOADING),
    (401, error("Invalid API Key", 401, "authentication_error"), F.WRONG_KEY),
    (404, error("File Not Found", 404, "not_found_error"), F.WRONG_ADDRESS),
    (500, error(VISION, 500, "server_error"), F.PHOTO),
    (400, {"detail": "Requested tokens (2285) exceed context window of 2048"}, F.TOO_LONG),
]  # fmt: skip
OTHERS = [
    (400, {"status": {"code": "40003", "message": "Text too long"}, "result": None}, F.TOO_LONG),
    (400, {"status": {"code": "40080", "message": "model not found"}}, F.UNKNOWN_MODEL),
    (400, {"status": {"code": "40082", "message": "model fade out"}}, F.UNKNOWN_MODEL),
    (400, {"status": {"code": "40005", "message": "Unavailable output"}}, F.REFUSED),
    (401, {"status": {"code": "40104", "message": "Invalid key"}}, F.WRONG_KEY),
    (403, {"status": {"code": "40380", "message": "You have used all your 9 tokens."}}, "credit"),
    (402, error("Insufficient Balance", "invalid_request_error", "unknown_error"), F.NO_CREDIT),
    (400, error("Insufficient Balance", "invalid_request_error", "unknown_error"), F.NO_CREDIT),
    (400, error("Model Not Exist", "invalid_request_error"), F.UNKNOWN_MODEL),
    (401, error("Authentication Fails, Your api key: ****abcd is invalid"), F.WRONG_KEY),
    (400, error("Content Exists Risk"), F.REFUSED),
    (422, error(DESERIALIZE), F.PHOTO),
    (403, {"code": "The caller does not have permission to execute the specified operation",
           "error": "Your newly created team doesn't have any credits or licenses yet."}, "credit"),
    (429, {"code": "Some resource has been exhausted", "error": "Your team x has either used all "
           "available credits or reached its monthly spending limit."}, F.NO_CREDIT),
    (400, {"code": "Client specified an invalid argument",
           "error": "Incorrect API key provided: xa***."}, F.WRONG_KEY),
    (404, {"code": "Some requested entity was not found", "error": NO_ACCESS}, F.UNKNOWN_MODEL),
    (400, {"code": "x", "error": "This model's maximum prompt length is 131072 but the request "
           "contains 200000 tokens."}, F.TOO_LONG),
    (403, error("Input token count + max_tokens must be less than the context length"), "long"),
    (404, error("Unable to access model x. Please visit the list of models"), F.UNKNOWN_MODEL),
    (503, error("The server is overloaded or not ready yet."), F.LOADING),
    (401, error("key not allowed to access model. This key can only access models=['x']", "401",
                "key_model_access_denied"), F.MODEL_ACCESS),
    (500, error(f"AuthenticationError: Incorrect API key provided: {KEY}", "500"), F.WRONG_KEY),
    (503, error("No available channel for model x under group default", "model_not_found"),
     F.UNKNOWN_MODEL),
    (422, {"error": "Input validation error: `inputs` must have less than 4095 tokens.",
           "error_type": "validation"}, F.TOO_LONG),
    (503, {"error": "Model x is currently loading", "estimated_time": 20.0}, F.LOADING),
    (413, error("Request body too large for x model. Max size: 8000", "tokens_limit_reached"),
     F.TOO_LONG),
    (413, page("413 Request Entity Too Large"), F.TOO_LONG),
    (429, {"status": 429, "title": "Too Many Requests"}, F.RATE_LIMIT),
    (412, error("Account is suspended, possibly due to reaching the monthly spending limit"),
     F.NO_CREDIT),
    (400, {"errors": [{"message": "No such model x", "code": 5007}], "success": False}, "model"),
    (401, {"errors": [{"message": "Authentication error", "code": 10000}]}, F.WRONG_KEY),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
     F.SERVER),
    (200, page("Log in"), F.WRONG_ADDRESS),
    (301, "", F.WRONG_ADDRESS),
    (307, page("Moved"), F.WRONG_ADDRESS),
    (400, page("400 The plain HTTP request was sent to HTTPS port"), F.WRONG_ADDRESS),
    (400, "Client sent an HTTP request to an HTTPS server.", F.WRONG_ADDRESS),
    (404, page("404 Not Found"), F.WRONG_ADDRESS),
    (501, page("Unsupported method ('POST')"), F.WRONG_ADDRESS),
    (401, page("401 Authorization Required"), F.WRONG_KEY),
    (403, page("Sorry, you have been blocked"), F.ACCOUNT_BLOCKED),
    (502, page("502 Bad Gateway"), F.SERVER),
    (400, "[" * 100_000, F.REJECTED),
    (400, {"error": None}, F.REJECTED),
    (418, "", F.REJECTED),
    (500, error("CUDA error: no kernel image is available for execution on the device"), F.SERVER),
    (500, error("failed to authenticate with the cache", "internal"), F.SERVER),
    (500, error("Provisioned throughput was not revised in time"), F.SERVER),
    (400, error("System role not supported"), F.REJECTED),
    (400, error("Developer instruction is not enabled for models/gemma-x"), F.REJECTED),
    (400, error("Unsupported parameter: 'max_tokens' is not supported with this model."),
     F.REJECTED),
    (404, error("This is not a chat model and thus not supported in the v1/chat/completions "
                "endpoint."), F.UNKNOWN_MODEL),
    (404, {"status": 404, "error": "Not Found", "path": "/v1/x"}, F.WRONG_ADDRESS),
    (404, {"message": "Route POST:/v1/x not found", "error": "Not Found"}, F.WRONG_ADDRESS),
    (404, error("Not Found", 404, "not_found_error"), F.WRONG_ADDRESS),
    (404, {"status": 404, "title": "Not Found", "detail": "Function 'x': Not found for account"},
     F.UNKNOWN_MODEL),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}}, "model"),
    (400, error("Access denied, please make sure your account is in good standing.", "Arrearage"),
     F.NO_CREDIT),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}, F.NO_CREDIT),
    (403, error("No access to model: gpt-x", "no_access"), F.MODEL_ACCESS),
    (403, error("Your organization must be verified to use the model `o9`.", "model_not_found"),
     F.MODEL_ACCESS),
]  # fmt: skip
WORDINGS = [
    (status, error(words), name)
    for status, words, name in [
        (403, "Key limit exceeded (total limit). Manage it in settings/keys", F.NO_CREDIT),
        (400, "You have reached your specified API usage limits.", F.NO_CREDIT),
        (429, "You have exceeded your monthly quota", F.NO_CREDIT),
        (429, "Daily quota exceeded", F.NO_CREDIT),
        (403, "This request is not allowed from your region", F.ACCOUNT_BLOCKED),
        (403, "Traffic is not from an approved private endpoint.", F.ACCOUNT_BLOCKED),
        (400, "Model x is not supported by provider y", F.UNKNOWN_MODEL),
        (404, "Model 'x' is not available. It may have been removed.", F.UNKNOWN_MODEL),
        (403, "Access to model denied. Please make sure you are eligible", F.MODEL_ACCESS),
        (403, "Model x is only available for paid users", F.MODEL_ACCESS),
        (400, "Range of input length should be [1, 30720]", F.TOO_LONG),
        (400, "Input exceeds the maximum length of 8192 tokens", F.TOO_LONG),
        (400, "Prompt has 5000 tokens, but the context limit is 4096", F.TOO_LONG),
        (400, "The input (5000 tokens) is longer than the model's context", F.TOO_LONG),
        (400, "At most 0 image(s) may be provided in one request.", F.PHOTO),
        (500, "llama runner process no longer running: CUDA out of memory", F.NOT_LOADED),
        (400, "Insufficient system resources to load model", F.NOT_LOADED),
        (503, "The model is warming up", F.LOADING),
        (400, "Unrecognized request URL (POST /chat/completions).", F.WRONG_ADDRESS),
        (404, "The requested URL was not found on the server.", F.WRONG_ADDRESS),
        (400, "Input data may contain inappropriate content.", F.REFUSED),
        (400, "'messages' must contain the word 'json'", F.REJECTED),
        (400, "max_tokens (5000) exceeds limit", F.REJECTED),
        (429, "The engine is currently overloaded", F.RATE_LIMIT),
        (403, "User is not authorized to access this resource", F.WRONG_KEY),
    ]
]
IN_A_GOOD_REPLY = [
    (200, {"error": {"code": 402, "message": "Insufficient credits"}}, F.NO_CREDIT),
    (200, {"error": {"code": "401", "message": "No"}}, F.WRONG_KEY),
    (200, {"error": {"code": 429, "message": "Slow"}, "user_id": "user_x"}, F.RATE_LIMIT),
    (200, {"error": {"code": 502, "message": "Upstream"}}, F.SERVER),
    (200, google(400, "API key not valid. Please pass a valid API key.", "X"), F.WRONG_KEY),
    (200, {"detail": "Insufficient balance"}, F.NO_CREDIT),
    (200, {"choices": [], "error": {"code": 403, "message": "flagged"}}, F.REFUSED),
    (200, {"choices": [{"error": {"code": 402, "message": "Credits"}, "finish_reason": "error"}]},
     F.NO_CREDIT),
    (200, {"choices": [{"error": {"code": 502, "message": "Lost"}, "message": {"content": ""}}]},
     F.SERVER),
    (200, "\n" + json.dumps(error("No", 402)), F.NO_CREDIT),
    (200, 'event: error\ndata: {"error": {"message": "Context size has been exceeded."}}\n\n',
     F.TOO_LONG),
]  # fmt: skip

SHORT = {
    "key": F.WRONG_KEY, "credit": F.NO_CREDIT, "access": F.MODEL_ACCESS, "long": F.TOO_LONG,
    "account": F.ACCOUNT_BLOCKED, "model": F.UNKNOWN_MODEL,
}  # fmt: skip
BODIES = {
    f"{service}-{number}-{status}": (status, body, SHORT.get(name, name))
    for service, bodies in {
        "openai": OPENAI, "azure": AZURE, "gemini": GEMINI, "groq": GROQ, "openrouter": OPENROUTER,
        "mistral": MISTRAL, "upstage": UPSTAGE, "lmstudio": LM_STUDIO, "ollama": OLLAMA,
        "vllm": VLLM, "llamacpp": LLAMA_CPP, "others": OTHERS, "wordings": WORDINGS,
        "good": IN_A_GOOD_REPLY,
    }.items()
    for number, (status, body, name) in enumerate(bodies)
}  # fmt: skip


KINDS = {"<": "text/html", "{": "application/json", "[": "application/json"}


class Refusing(FarEnd):
    """Answers a question, which is a body's name, with that, and asks for too long a wait."""

    def answer(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        name = json.loads(body)["messages"][-1]["content"]
        self.remember(name)
        status, said, _ = BODIES[name]
        text = said if isinstance(said, str) else json.dumps(said)
        kind = KINDS.get(text[:1], "text/plain")
        more = {"Location": "/elsewhere"} if status < 400 else {}
        return status, {"Content-Type": kind, "Retry-After": "100", **more}, text.encode()


@pytest.fixture(scope="module")
def end() -> Iterator[Refusing]:
    one = Refusing()
    yield one
    one.close()


@pytest.fixture(scope="module")
def refused(end: Refusing) -> dict[str, ModelError | None]:
    """What each of the bodies becomes."""

    async def ask(model: OpenAIModel, name: str) -> ModelError | None:
        try:
            await model.answer(Prompt(name))
        except ModelError as error:
            return error
        return None

    async def ask_all() -> dict[str, ModelError | None]:
        found: dict[str, ModelError | None] = {}
        for seconds, loading in ((20.0, False), (3.0, True)):  # which is waited for to the end
            names = [name for name, one in BODIES.items() if (one[2] == F.LOADING) == loading]
            model = OpenAIModel("gpt-test", KEY, f"http://127.0.0.1:{end.port}/v1", seconds)
            await model.prepare()
            told = await asyncio.gather(*(ask(model, name) for name in names))
            await model.close()
            found |= zip(names, told, strict=True)
        return found

    return asyncio.run(ask_all())


@pytest.mark.parametrize("name", BODIES)
def test_a_refusal_has_the_name_of_its_reason(
    refused: dict[str, ModelError | None], name: str
) -> None:
    error, (status, body, wanted) = refused[name], BODIES[name]
    assert error
    assert error.failure == wanted, f"{status} {body!r:.300}"
    assert KEY not in f"{error.said} {error!r}"


def test_what_stays_is_not_asked_again(
    refused: dict[str, ModelError | None], end: Refusing
) -> None:
    asked = Counter(end.requests)
    again = {one.failure for name, one in refused.items() if one and asked[name] > 1}
    assert asked.keys() == BODIES.keys()
    assert again <= {F.LOADING, F.SERVER, F.RATE_LIMIT}, "in a good reply, which asks for no wait"


# --- waiting, and asking for less -------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 9m38.016s.", 578.016),
        ("Please try again in 120ms. Visit", 0.12),
        ("Please retry after 26 seconds.", 26),
        ("Please retry in 33.2s.", 33.2),
        ("Please try again in 1h2m3s", 3723),
        ("please try again later", None),
        (f"Please try again in {'9' * 5000}s", 999_999_999),
    ],
)
def test_a_wait_is_read_from_the_words_too(words: str, seconds: float | None) -> None:
    assert told_wait(reason_in(json.dumps(error(words)).encode())) == pytest.approx(seconds)


def test_what_is_more_than_a_minutes_share_alone_is_asked_with_less_and_not_again(
    refused: dict[str, ModelError | None], fake_openai: FakeOpenAI
) -> None:
    found = {name: one for name, one in refused.items() if one and one.too_much}
    names = {one.failure for one in found.values()}
    assert names == {F.TOO_LONG, F.RATE_LIMIT}
    assert "groq-0-413" in found
    assert "groq-1-429" not in found
    fake_openai.fails(413, error(TPM, "rate_limit_exceeded")["error"], times=2)
    with pytest.raises(ModelError):
        asyncio.run(asked(fake_openai.url))
    assert len(fake_openai.requests) == 1


async def asked(url: str) -> None:
    model = OpenAIModel("gpt-test", KEY, url)
    try:
        await model.answer(Prompt("질문"))
    finally:
        await model.close()
