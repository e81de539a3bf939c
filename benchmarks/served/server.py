"""The production server with a plain view beside the shop: a program, which ``http`` starts.

It has nothing else of the benchmarks in it, and serves another checkout's shop as well.
"""

from django.conf import settings

from shop.operations.web_server import main

if __name__ == "__main__":
    settings.ROOT_URLCONF = "urls_with_hello"
    main()
