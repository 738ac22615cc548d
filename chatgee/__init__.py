"""ChatGee: a KakaoTalk channel that answers like ChatGPT."""
