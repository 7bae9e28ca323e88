"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import activity, analytics, finding, home, pages
from routerhub.console.account import pages as account
from routerhub.console.alerts import pages as alerts
from routerhub.console.catalogue import pages as catalogue
from routerhub.console.experiments import pages as tests
from routerhub.console.keys import pages as keys
from routerhub.console.playground import pages as playground
from routerhub.console.preferences import page as preferences

urlpatterns = [
    path("", home.HomePage.as_view(), name="console"),
    path("latest/", home.LatestPage.as_view(), name="console_latest"),
    path("find/", finding.FindPage.as_view(), name="console_find"),
    path("choose-account/", pages.choose_account, name="console_account_choice"),
    path("activity/", activity.ActivityPage.as_view(), name="console_activity"),
    path("activity/newest/", activity.NewestPage.as_view(), name="console_activity_newest"),
    path("activity/words/", activity.WordsPage.as_view(), name="console_activity_words"),
    path("activity/export/", activity.ExportPage.as_view(), name="console_activity_export"),
    path("activity/<uuid:operation>/", activity.ActivityPage.as_view(), name="console_request"),
    path("activity/<uuid:operation>/beside/", activity.BesidePage.as_view(), name="console_request_beside"),
    path("analytics/", RedirectView.as_view(url="/console/analytics/usage/"), name="console_analytics"),
    path("analytics/dashboards/new/", analytics.EditPage.as_view(), name="console_dashboard_new"),
    path("analytics/dashboards/<int:number>/edit/", analytics.EditPage.as_view(), name="console_dashboard_edit"),
    path("analytics/dashboards/<int:number>/", analytics.DashboardPage.as_view(), name="console_dashboard"),
    path("analytics/<slug:name>/", analytics.StandardPage.as_view(), name="console_figures"),
    path("playground/", playground.PlaygroundPage.as_view(), name="console_playground"),
    path("playground/candidates/", playground.CandidatesPage.as_view(), name="console_playground_candidates"),
    path("playground/key/", playground.KeyPage.as_view(), name="console_playground_key"),
    path("models/", catalogue.ModelsPage.as_view(), name="console_models"),
    path("models/<path:identifier>/", catalogue.ModelPage.as_view(), name="console_model"),
    path("account/", account.AccountPage.as_view(), name="console_account"),
    path("account/billing/<int:number>.<str:kind>", account.BillingFile.as_view(), name="console_billing"),
    path("alerts/", alerts.AlertsPage.as_view(), name="console_alerts"),
    path("keys/", keys.KeysPage.as_view(), name="console_keys"),
    path("keys/<int:number>/", keys.KeyPage.as_view(), name="console_key"),
    *(
        path(f"{old}/", RedirectView.as_view(url=f"/console/analytics/{old}/", query_string=True))
        for old in ("usage", "performance")
    ),
    path(
        "dashboards/<int:number>/",
        RedirectView.as_view(url="/console/analytics/dashboards/%(number)s/", query_string=True),
    ),
    path("preferences/", preferences.PreferencesPage.as_view(), name="console_preferences"),
    path("preferences/account/", preferences.AccountPreferencesPage.as_view(), name="console_account_preferences"),
    path("tests/", tests.TestsPage.as_view(), name="console_tests"),
    path("tests/new/", tests.DraftPage.as_view(), name="console_test_new"),
    path("tests/<int:number>/", tests.TestPage.as_view(), name="console_test"),
    path("tests/<int:number>/figures/", tests.TestFigures.as_view(), name="console_test_figures"),
    path("tests/<int:number>/edit/", tests.DraftPage.as_view(), name="console_test_edit"),
]
