"""What KakaoTalk sends and shows: its JSON, bubbles and limits, and Markdown as plain text.

The only room that knows Kakao's shapes. It knows neither questions in the store nor the model.
"""
