"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import figures, pages
from routerhub.console.preferences import page as preferences

urlpatterns = [
    path("", RedirectView.as_view(url="/console/usage/"), name="console"),
    path("choose-account/", pages.choose_account, name="console_account_choice"),
    path("analytics/", RedirectView.as_view(url="/console/usage/"), name="console_analytics"),
    path("dashboards/<int:number>/", figures.DashboardPage.as_view(), name="console_dashboard"),
    path("preferences/", preferences.PreferencesPage.as_view(), name="console_preferences"),
    path("preferences/account/", preferences.AccountPreferencesPage.as_view(), name="console_account_preferences"),
    path("<slug:name>/", figures.StandardPage.as_view(), name="console_figures"),
]
