"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import figures, pages

urlpatterns = [
    path("", RedirectView.as_view(url="/console/usage/"), name="console"),
    path("choose-account/", pages.choose_account, name="console_account_choice"),
    path("analytics/", RedirectView.as_view(url="/console/usage/"), name="console_analytics"),
    path("dashboards/<int:number>/", figures.DashboardPage.as_view(), name="console_dashboard"),
    path("<slug:name>/", figures.StandardPage.as_view(), name="console_figures"),
]
