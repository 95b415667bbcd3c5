"""The shapes of answers: their members with types. The API describes its answers from them."""
