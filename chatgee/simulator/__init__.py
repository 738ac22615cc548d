"""KakaoTalk's side of a conversation, played on this machine.

So an owner can try everything before Kakao knows the channel. It knows what Kakao sends, when it
hangs up and what it does with a callback; what the friend sees is for a page to draw.
"""
