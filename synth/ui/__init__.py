"""The screen; nothing else imports gradio."""
