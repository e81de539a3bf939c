from django import forms


class AddForm(forms.Form):
    """The units of an offer; ``variant`` where its product has several."""

    quantity = forms.IntegerField(min_value=1, max_value=999_999)
    variant = forms.CharField(required=False, max_length=64)


class UpdateForm(forms.Form):
    """Another quantity of a line (0 removes), or an amount that the shopper accepts for it."""

    line = forms.CharField(max_length=64)
    variant = forms.CharField(required=False, max_length=64)
    quantity = forms.IntegerField(required=False, min_value=0, max_value=999_999)
    accept_amount = forms.IntegerField(required=False, min_value=1)
