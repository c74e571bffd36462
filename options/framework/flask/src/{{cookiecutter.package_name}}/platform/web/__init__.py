"""The web adapter: how the framework's requests reach the components, and how they are measured."""
