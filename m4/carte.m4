# SPDX-License-Identifier: Apache-2.0
# carte.m4 - the few checks that Autoconf lacks.

# CARTE_CFLAG(FLAG, VARIABLE) - append FLAG to VARIABLE when the compiler takes it without a word.
AC_DEFUN([CARTE_CFLAG], [
AS_VAR_PUSHDEF([cache], [carte_cv_cflag_$1])dnl
AC_CACHE_CHECK([whether $CC takes $1], [cache], [
  carte_saved=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
  CFLAGS=$carte_saved])
AS_VAR_IF([cache], [yes], [$2="$$2 $1"])
AS_VAR_POPDEF([cache])dnl
])

# CARTE_LDFLAG(FLAG, VARIABLE) - the same for the linker.
AC_DEFUN([CARTE_LDFLAG], [
AS_VAR_PUSHDEF([cache], [carte_cv_ldflag_$1])dnl
AC_CACHE_CHECK([whether the linker takes $1], [cache], [
  carte_saved=$LDFLAGS
  LDFLAGS="$LDFLAGS $1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
  LDFLAGS=$carte_saved])
AS_VAR_IF([cache], [yes], [$2="$$2 $1"])
AS_VAR_POPDEF([cache])dnl
])

# CARTE_ARCHIVE(VARIABLE, ARCHIVE, SHARED-FLAGS) - what a program links on its start-up path: the static archive
# where the compiler finds one, else (or with --with-shared-deps) the shared library. The words for the
# summary go to VARIABLE_how.
AC_DEFUN([CARTE_ARCHIVE], [
$1=$3
$1_how="shared library"
AS_IF([test "x$with_shared_deps" != xyes], [
  AC_MSG_CHECKING([for $2])
  carte_file=`$CC $CFLAGS -print-file-name=$2 2>/dev/null`
  AS_IF([test -f "$carte_file"], [
    $1=$carte_file
    $1_how="static archive"
    AC_MSG_RESULT([$carte_file])
  ], [
    AC_MSG_RESULT([no])
    AS_IF([test "x$carte_static_programs" = xyes],
      [AC_MSG_ERROR([a static program needs $2])])
  ])
])
AC_SUBST([$1])
])

# CARTE_OPTIONAL(NAME, MODULE, VARIABLE, WORDS) - pkg-config module that can be switched off by --without-NAME.
# have_NAME is yes, no (not found) or off.
AC_DEFUN([CARTE_OPTIONAL], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [$4])], [], [with_$1=check])
have_$1=off
AS_IF([test "x$with_$1" != xno], [
  PKG_CHECK_MODULES([$3], [$2], [have_$1=yes], [
    have_$1=no
    AS_IF([test "x$with_$1" = xyes], [AC_MSG_ERROR([--with-$1 was given, but pkg-config does not find $2])])
  ])
])
])
