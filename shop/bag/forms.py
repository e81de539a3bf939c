from django import forms


class AddForm(forms.Form):
    """An offer to take along; ``variant`` where its product comes in several."""

    offer = forms.CharField(required=False, strip=False)
    quantity = forms.IntegerField(min_value=1, max_value=999_999)
    variant = forms.CharField(required=False, max_length=64)


class LineForm(forms.Form):
    """A line of the bag, by its offer's ``jti``, and where it matters a variant of it."""

    line = forms.CharField(max_length=64)
    variant = forms.CharField(required=False, max_length=64)


class UpdateForm(LineForm):
    """Another quantity (0 removes), or a yes to what the product costs now."""

    quantity = forms.IntegerField(required=False, min_value=0, max_value=999_999)
    accept_amount = forms.IntegerField(required=False, min_value=1)
