// Before anything is painted: the theme and the size that were chosen here the last time.
{
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  if (kept("size") === "large") document.documentElement.dataset.size = "large";
}
