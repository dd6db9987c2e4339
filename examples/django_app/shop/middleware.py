from django.conf import settings
from django.http import JsonResponse
from pydantic import ValidationError

from bizcore import BizcoreError

STATUS = {"invalid": 422, "not_found": 404, "refused": 409, "conflict": 409, "unavailable": 503}


class Tenant:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in settings.TOKENS:
            return JsonResponse({"code": "unauthorized"}, status=401)
        request.company, request.actor = settings.TOKENS[token]
        return self.get_response(request)

    def process_exception(self, request, error):
        if isinstance(error, BizcoreError):
            body = error.to_dict()
            return JsonResponse(body, status=STATUS.get(body["family"], 500))
        if isinstance(error, ValidationError):
            told = error.errors(include_url=False, include_input=False)
            return JsonResponse({"detail": told}, status=422, json_dumps_params={"default": str})
        return None
