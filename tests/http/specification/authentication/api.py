from django_bolt import BoltAPI
from django_bolt.auth import (
    JWTAuthentication,
    IsAuthenticated,
    IsAdminUser,
    HasPermission,
)

api = BoltAPI()

# Require JWT authentication
@api.get(
    "/protected",
    auth=[JWTAuthentication()],
    guards=[IsAuthenticated()]
)
async def protected_route(request):
    auth_context = request.get("auth", {})
    user_id = auth_context.get("user_id")
    return {"message": f"Hello, user {user_id}"}

# Require admin access
@api.get(
    "/admin",
    auth=[JWTAuthentication()],
    guards=[IsAdminUser()]
)
async def admin_only(request):
    return {"message": "Admin access"}

# Permission-based access
@api.post(
    "/articles",
    auth=[JWTAuthentication()],
    guards=[HasPermission("articles.create")]
)
async def create_article(request):
    return {"message": "Article created"}

# Create JWT token for Django user
from django_bolt.auth import create_jwt_for_user
from django.contrib.auth.models import User

@api.post("/login")
async def login(username: str, password: str):
    user = await User.objects.aget(username=username)
    # Verify password...
    token = create_jwt_for_user(user, exp_hours=24)
    return {"access_token": token, "token_type": "bearer"}
