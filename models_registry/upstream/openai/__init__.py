"""OpenAI's dialects, and those of all servers compatible with it: chat completions, responses, embeddings."""
