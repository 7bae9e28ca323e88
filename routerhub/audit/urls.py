"""The history's addresses below /api/."""

from django.urls import path

from routerhub.audit import viewsets

urlpatterns = [
    path("changes", viewsets.HistoryView.as_view()),
    path("changes/<str:table>/<int:number>", viewsets.VersionView.as_view()),
    path("changes/<str:table>/<int:number>/restore", viewsets.RestoreView.as_view()),
]
