"""How people sign in: by password, second factor and OpenID Connect, through django-allauth. Only the control plane loads it."""
