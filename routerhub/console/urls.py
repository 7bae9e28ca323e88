"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import figures, pages
from routerhub.console.experiments import pages as tests
from routerhub.console.keys import pages as keys

urlpatterns = [
    path("", RedirectView.as_view(url="/console/usage/"), name="console"),
    path("choose-account/", pages.choose_account, name="console_account_choice"),
    path("analytics/", RedirectView.as_view(url="/console/usage/"), name="console_analytics"),
    path("keys/", keys.KeysPage.as_view(), name="console_keys"),
    path("keys/<int:number>/", keys.KeyPage.as_view(), name="console_key"),
    path("tests/", tests.TestsPage.as_view(), name="console_tests"),
    path("tests/new/", tests.DraftPage.as_view(), name="console_test_new"),
    path("tests/<int:number>/", tests.TestPage.as_view(), name="console_test"),
    path("tests/<int:number>/figures/", tests.TestFigures.as_view(), name="console_test_figures"),
    path("tests/<int:number>/edit/", tests.DraftPage.as_view(), name="console_test_edit"),
    path("dashboards/<int:number>/", figures.DashboardPage.as_view(), name="console_dashboard"),
    path("<slug:name>/", figures.StandardPage.as_view(), name="console_figures"),
]
