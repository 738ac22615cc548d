"""Who answers, what that costs, and the system prompt's file.

The only room that imports openai. It knows nothing of friends, Kakao or the store.
"""
