"""The addresses below /console/."""

from django.urls import path
from django.views.generic import RedirectView

from routerhub.console import figures

urlpatterns = [
    path("", RedirectView.as_view(url="/console/usage/"), name="console"),
    path("<slug:name>/", figures.StandardPage.as_view(), name="console_figures"),
    path("dashboards/<int:number>/", figures.DashboardPage.as_view(), name="console_dashboard"),
]
