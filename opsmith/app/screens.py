"""How the screens are put together: console, chat, and questions from the command line."""
