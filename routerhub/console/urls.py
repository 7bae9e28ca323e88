"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import figures, pages
from routerhub.console.catalogue import pages as catalogue
from routerhub.console.playground import pages as playground

urlpatterns = [
    path("", RedirectView.as_view(url="/console/usage/"), name="console"),
    path("choose-account/", pages.choose_account, name="console_account_choice"),
    path("analytics/", RedirectView.as_view(url="/console/usage/"), name="console_analytics"),
    path("dashboards/<int:number>/", figures.DashboardPage.as_view(), name="console_dashboard"),
    path("playground/", playground.PlaygroundPage.as_view(), name="console_playground"),
    path("playground/candidates/", playground.CandidatesPage.as_view(), name="console_playground_candidates"),
    path("playground/key/", playground.KeyPage.as_view(), name="console_playground_key"),
    path("models/", catalogue.ModelsPage.as_view(), name="console_models"),
    path("models/<path:identifier>/", catalogue.ModelPage.as_view(), name="console_model"),
    path("<slug:name>/", figures.StandardPage.as_view(), name="console_figures"),
]
