"""Addresses, commands and mails that the walk leaves out, each with the reason.

``places`` has those that it visits. A test holds both against the URL resolver, the
management commands and the templates of mails: what is in none of them fails.
"""

from collections.abc import Mapping

_NO_SALE = "speaks of no sale"
_FORM_ALONE = "a form that answers with a redirect, or with a page that the walk visits elsewhere"
_FIELDS = "shows what was typed, in its fields; its time and price stand on the sale's page"
_ABOUT_STAFF = "is about who works here"
_REDIRECT = "leads to another address, and says nothing"

_MODEL_PAGES = ("changelist", "add", "history", "delete", "change")

#: By URL name; routes without a name by their pattern.
SILENT_PLACES: Mapping[str, str] = {
    # The bag's forms: ``Walk.present`` sends bag:add, and reads its answer.
    "bag:add": "Walk.present sends it, and reads what it answers",
    "bag:update": _FORM_ALONE,
    "bag:remove": _FORM_ALONE,
    "checkout:fields": "the checkout page, or its fields, with what was typed",
    "checkout:mine": _REDIRECT,
    "checkout:cancel": _FORM_ALONE,
    "stripe/webhook/": "answers Stripe, which reads no sentence",
    "offers:jwks": "public keys alone",
    "csp_reports": "takes what browsers report, and answers nothing",
    "security_txt": "whom to tell of a hole; its Expires is of the file itself",
    "media/<path:path>": "pictures",
    "healthz": _NO_SALE,
    "readyz": _NO_SALE,
    "qa:panel": "tells the instants of boundaries_of, as the preview's page does, which is visited",
    "qa:clock": "the clock alone",
    # Accounts.
    "admin_password_reset": _ABOUT_STAFF,
    "password_reset_done": _ABOUT_STAFF,
    "password_reset_confirm": _ABOUT_STAFF,
    "password_reset_complete": _ABOUT_STAFF,
    "admin:account": _ABOUT_STAFF,
    "admin:delivery_countries": "where the shop delivers, and who changed it",
    "admin:log_out_everywhere": _ABOUT_STAFF,
    "admin:log_out_there": _ABOUT_STAFF,
    "admin:own_log_ins": _ABOUT_STAFF,
    **{f"admin:staff_loginevent_{page}": _ABOUT_STAFF for page in _MODEL_PAGES},
    "merchant/staff/loginevent/<path:object_id>/": _REDIRECT,
    "admin:login": _ABOUT_STAFF,
    "admin:logout": _ABOUT_STAFF,
    "admin:password_change": _ABOUT_STAFF,
    "admin:password_change_done": _ABOUT_STAFF,
    "admin:staff_staff_changelist": _ABOUT_STAFF,
    "admin:staff_staff_add": _ABOUT_STAFF,
    "admin:staff_staff_history": _ABOUT_STAFF,
    "admin:staff_staff_delete": _ABOUT_STAFF,
    "admin:staff_staff_change": _ABOUT_STAFF,
    # Django's admin, in general.
    "admin:autocomplete": _NO_SALE,
    "admin:jsi18n": _NO_SALE,
    "admin:view_on_site": _REDIRECT,
    "admin:app_list": _REDIRECT,
    "merchant/(?P<url>.*)$": _REDIRECT,
    "merchant/catalog/product/<path:object_id>/": _REDIRECT,
    "merchant/checkout/order/<path:object_id>/": _REDIRECT,
    "merchant/sales/deal/<path:object_id>/": _REDIRECT,
    "merchant/sales/sale/<path:object_id>/": _REDIRECT,
    "merchant/staff/staff/<path:object_id>/": _REDIRECT,
    # Products.
    "admin:catalog_product_add": _FIELDS,
    "admin:catalog_product_change": "the list price, in a field",
    "admin:catalog_product_delete": "names what would go, without a price",
    "admin:catalog_product_history": "Django's own log: who changed which field, without its value",
    "admin:catalog_product_stock": "units alone",
    "admin:catalog_product_prices": "the record of past prices, which tests/merchant/catalog reads",
    "admin:catalog_product_take_back": "a past price, and what follows if it is taken back",
    "admin:catalog_product_import": "shows the rows of a file before they are taken in",
    "admin:catalog_product_process_import": _FORM_ALONE,
    "admin:catalog_product_import_progress": "how many rows of a file are written",
    "admin:catalog_product_import_sample": "a file to begin with, of rows that are made up",
    "admin:catalog_product_export": "the columns of a file that tests/merchant reads back",
    # Sales.
    "admin:preview": "the home page in a preview; admin:preview_page visits the sale's",
    "admin:sales_sale_add": _FIELDS,
    "admin:sales_sale_delete": "of drafts alone, which nobody was promised anything of",
    "admin:sales_sale_copy": "proposes a window for another sale",
    "admin:sales_sale_window_summary": "a fragment of the sale's form, which is visited",
    "admin:sales_sale_sense_checks": "a fragment of the sale's form, which is visited",
    "admin:sale_outage": _FORM_ALONE,
    "admin:sale_rehearsal": "says what a rehearsal found, at the instants of the rehearsal",
    "admin:sale_rehearsal_picture": "the rehearsal's own report",
    "admin:sales_deal_add": _REDIRECT,
    "admin:sales_deal_change": _REDIRECT,
    "admin:sales_deal_delete": _REDIRECT,
    "admin:sales_deal_history": _REDIRECT,
    "admin:sales_deal_import": "shows the rows of a file before they are taken in",
    "admin:sales_deal_process_import": _FORM_ALONE,
    "admin:sales_deal_import_progress": "how many rows of a file are written",
    "admin:sales_deal_import_sample": "a file to begin with, of rows that are made up",
    "admin:sales_deal_export": "the columns of a file that tests/merchant reads back",
    # Orders.
    "admin:checkout_order_add": _REDIRECT,
    "admin:checkout_order_delete": _REDIRECT,
    "admin:checkout_order_history": "Django's own log of what staff did",
    "admin:checkout_order_receipt": _FORM_ALONE,
    "admin:checkout_order_refund": "proposes what may go back; the order's page tells what did",
}

#: By the command's name.
SILENT_COMMANDS: Mapping[str, str] = {
    "doctor": "tells what operators have to mend, and how many rows wait",
    "load_sale": "repeats the document that it was given",
    "backup": "says what it wrote, and as of when in UTC, for whoever operates the shop",
    "offer_keys": "is about keys",
    "reconcile": "names orders and their statuses, which their pages tell",
    "rehearse": "is checked by what it rehearses: the walk is a part of it",
    "restored": "names sales, with their windows in UTC, for whoever operates the shop",
    "serve": "says what stands in the way of serving",
    "seed_demo": "names the demo's addresses and logins",
}

#: Templates of mails, by their paths; the others are read by ``Walk.read_mail``.
SILENT_MAILS: Mapping[str, str] = {
    "registration/password_reset_email.html": _ABOUT_STAFF,
    "registration/password_reset_subject.txt": _ABOUT_STAFF,
}
